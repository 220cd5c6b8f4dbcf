"""The faults that are predicted, by their ids, in words. Which drills show each is for `twinkeel.drill.predicted`. Values only."""

from twinkeel.vip.daemons import VRRP_DAEMON

DAEMON_KILL = f"{VRRP_DAEMON.unit}-kill"

LOAD_BALANCER_FAULTS = {
    "power-loss": "the virtual IP's holder loses power, or its link",
    "haproxy-stop": "HAProxy is stopped on the holder",
    "haproxy-kill": "HAProxy is killed on the holder",
    "haproxy-hang": "HAProxy hangs on the holder",
    "reboot-holder": "the holder reboots",
    "planned-switchover": "a planned move: switchover, apply",
    DAEMON_KILL: f"the holder's {VRRP_DAEMON.name} dies, or its VRRP part",
    "balancers-partitioned": "the load balancers are cut off from each other",
    "balancer-cut-from-control-plane": "the holder alone is cut off from all API servers",
    "failback": "a load balancer comes back",
}

CONTROL_PLANE_FAULTS = {
    "api-server-kill": "an API server dies",
    "control-plane-power-loss": "a control-plane host loses power",
    "api-server-hang": "an API server hangs",
}
