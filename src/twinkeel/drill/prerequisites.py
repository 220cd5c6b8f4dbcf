"""What a scenario cannot do without, and what to say when it is not there."""

import os

from twinkeel.drill.fault import Prerequisite
from twinkeel.errors import UsageError
from twinkeel.topology.model import Topology

MAJORITY_OUTLIVES_ONE = 3
OTHERS = "or name other scenarios (`twinkeel drill list`)"


def require(prerequisite: Prerequisite, scenario: str, topology: Topology) -> None:
    """Raises UsageError when the topology or this machine lacks what the scenario needs."""
    reason = missing(prerequisite, topology)
    if reason:
        what, hint = reason
        raise UsageError(f"{scenario} {what}", hint=f"{hint}, {OTHERS}")


def missing(prerequisite: Prerequisite, topology: Topology) -> tuple[str, str] | None:
    """What is missing and what to do; None when it is there."""
    lacks: dict[Prerequisite, tuple[bool, str, str]] = {
        "power": (
            topology.power is None,
            "needs to know how to cut a host's power",
            "add `power: {off: COMMAND, on: COMMAND}` to the spec, or give --power-off-command and --power-on-command",
        ),
        "link": (
            topology.link is None,
            "needs to know how to take a host off the network",
            "add `link: {cut: COMMAND, restore: COMMAND}` to the spec",
        ),
        "two load balancers": (len(topology.load_balancers) < 2, "needs two load balancers", "add a second one"),
        "two API servers": (len(topology.control_plane) < 2, "would leave no API server", "add a second one"),
        "etcd quorum survives": (
            not _etcd_quorum_survives(topology),
            "takes down a host of etcd's along, and the rest would have no majority",
            "keep etcd on three hosts or more",
        ),
        "three API servers": (len(topology.control_plane) < 3, "needs three control-plane hosts", "add some"),
        "VRRP": (
            topology.bgp is not None,
            "breaks VRRP, and this cluster announces its virtual IPs by BGP",
            "play bgpd-kill or bgp-session-flap",
        ),
        "BGP": (topology.bgp is None, "breaks BGP, and this cluster has its virtual IPs by VRRP", "set `endpoint.mode: bgp`"),
        "two routers": (
            topology.bgp is not None and len(topology.bgp.routers) < 2,
            "would leave no router",
            "name a second one in `endpoint.bgp.routers`",
        ),
        "root here": (os.geteuid() != 0, "needs root on this machine", "run the drill as root"),
    }
    is_missing, what, hint = lacks[prerequisite]
    return (what, hint) if is_missing else None


def _etcd_quorum_survives(topology: Topology) -> bool:
    members = {machine.name for machine in topology.etcd}
    return len(members) >= MAJORITY_OUTLIVES_ONE or all(each.machine.name not in members for each in topology.load_balancers)
