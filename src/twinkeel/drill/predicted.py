"""Which drills show a fault that is predicted: the first of them is the one that is meant first."""

from collections.abc import Mapping

_EVERYWHERE = {
    "haproxy-stop": ("haproxy-stop",),
    "haproxy-kill": ("haproxy-kill", "haproxy-dead"),
    "haproxy-hang": ("haproxy-hang",),
    "reboot-holder": ("reboot-holder", "both-balancers-rebooted"),
    "balancer-cut-from-control-plane": ("balancer-cut-from-control-plane",),
    "api-server-kill": ("api-server-kill", "api-server-stop"),
    "control-plane-power-loss": ("control-plane-power-loss", "reload-then-server-lost"),
    "api-server-hang": ("api-server-hang", "reload-then-server-hang"),
}
_VRRP: Mapping[str, tuple[str, ...]] = {
    **_EVERYWHERE,
    "power-loss": ("power-loss", "link-cut"),
    "planned-switchover": ("planned-switchover", "keepalived-stop"),
    "keepalived-kill": ("keepalived-kill", "vrrp-process-kill"),
    "balancers-partitioned": ("balancers-partitioned", "keepalived-hang"),
}
_BGP: Mapping[str, tuple[str, ...]] = {
    **_EVERYWHERE,
    "power-loss": ("power-loss", "link-cut", "link-flap"),
    "planned-switchover": ("planned-switchover",),
    "bgpd-kill": ("bgpd-kill", "frr-stop", "bgp-session-flap"),
    "router-power-loss": ("router-power-loss",),
}


def drills_of(fault: str, *, announced: bool) -> tuple[str, ...]:
    """The scenarios that show a predicted fault; empty where none does.

    Args:
        fault: its id (`twinkeel.faults.titles`, `twinkeel.vip.bgp.failure_times`).
        announced: whether virtual IPs are announced by BGP.
    """
    return (_BGP if announced else _VRRP).get(fault, ())
