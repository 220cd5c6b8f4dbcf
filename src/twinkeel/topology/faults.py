"""The faults that are predicted, with the drills that show them, and how long daemons take to react. Values only.

Not in predict.py, so that an audit, which has no topology, need not load one.
"""

from twinkeel.vrrp import Range

# From a changed file to the first packet that the new holder answers: keepalived wakes up, switches learn the new place. After
# a kill systemd must first notice the end of every process and run a hook. When only silence moved the virtual IP, the new place
# must be announced, and no more. Not derived: 1 to 42 ms, 29 to 80 ms after a kill, and 1 to 20 ms after silence were measured
# on a two-core virtual machine (docs/benchmarks.md).
REACTION = Range(0.0, 0.05)
KILL_REACTION = Range(0.0, 0.09)
ANNOUNCEMENT = Range(0.0, 0.02)

# With BGP, from BFD's verdict to the router's kernel: FRR's daemons hold changes back to take several at once. Not derived: 64 to
# 79 ms were measured with FRR 8.4, 10.3 and 10.7 as routers (docs/benchmarks.md). A withdrawal takes the way through the load
# balancer's own daemons before; a kill must be noticed by systemd first.
ROUTE_CHANGE = Range(0.06, 0.08)
WITHDRAWAL = Range(0.06, 0.2)
DAEMON_KILL = Range(0.0, 0.05)

NONE = Range(0.0, 0.0)

LOAD_BALANCER_FAULTS = {
    "power-loss": ("the virtual IP's holder loses power, or its link", ("power-loss", "link-cut")),
    "haproxy-stop": ("HAProxy is stopped on the holder", ("haproxy-stop",)),
    "haproxy-kill": ("HAProxy is killed on the holder", ("haproxy-kill", "haproxy-dead")),
    "haproxy-hang": ("HAProxy hangs on the holder", ("haproxy-hang",)),
    "reboot-holder": ("the holder reboots", ("reboot-holder", "both-balancers-rebooted")),
    "planned-switchover": ("a planned move: switchover, apply", ("planned-switchover", "keepalived-stop")),
    "keepalived-kill": ("the holder's Keepalived dies, or its VRRP part", ("keepalived-kill", "vrrp-process-kill")),
    "balancers-partitioned": ("the load balancers are cut off from each other", ("balancers-partitioned", "keepalived-hang")),
    "balancer-cut-from-control-plane": (
        "only the holder reaches no API server",
        ("balancer-cut-from-control-plane",),
    ),
    "failback": ("a load balancer comes back", ()),
}

BGP_FAULTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "power-loss": ("a load balancer loses power, or its link", ("power-loss", "link-cut", "link-flap")),
    "haproxy-stop": ("HAProxy is stopped on one of them", ("haproxy-stop",)),
    "haproxy-kill": ("HAProxy is killed on one of them", ("haproxy-kill", "haproxy-dead")),
    "haproxy-hang": ("HAProxy hangs on one of them", ("haproxy-hang",)),
    "reboot-holder": ("one of them reboots", ("reboot-holder", "both-balancers-rebooted")),
    "planned-switchover": ("one of them is drained: switchover, apply", ("planned-switchover",)),
    "bgpd-kill": ("a BGP daemon dies, is stopped, or its sessions flap", ("bgpd-kill", "frr-stop", "bgp-session-flap")),
    "balancer-cut-from-control-plane": ("only one of them reaches no API server", ("balancer-cut-from-control-plane",)),
    "return": ("a load balancer comes back", ()),
    "router-power-loss": ("a router loses power", ("router-power-loss",)),
}

CONTROL_PLANE_FAULTS = {
    "api-server-kill": ("an API server dies", ("api-server-kill", "api-server-stop")),
    "control-plane-power-loss": ("a control-plane host loses power", ("control-plane-power-loss", "reload-then-server-lost")),
    "api-server-hang": ("an API server hangs", ("api-server-hang", "reload-then-server-hang")),
}
