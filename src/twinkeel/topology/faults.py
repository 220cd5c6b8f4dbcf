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
# The question to the others whether they pass segments on, and the route for those (second-chance).
ASKING = Range(0.0, 0.05)

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
        "the holder alone is cut off from all API servers",
        ("balancer-cut-from-control-plane",),
    ),
    "failback": ("a load balancer comes back", ()),
}

CONTROL_PLANE_FAULTS = {
    "api-server-kill": ("an API server dies", ("api-server-kill", "api-server-stop")),
    "control-plane-power-loss": ("a control-plane host loses power", ("control-plane-power-loss", "reload-then-server-lost")),
    "api-server-hang": ("an API server hangs", ("api-server-hang", "reload-then-server-hang")),
}
