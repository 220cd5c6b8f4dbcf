"""Which mechanism shares a cluster's virtual IPs out."""

from twinkeel.topology.model import Topology
from twinkeel.vip.backend import VipBackend
from twinkeel.vip.keepalived.backend import KeepalivedBackend


def vip_backend(topology: Topology) -> VipBackend:
    """VRRP, for every cluster until a spec can ask for another one."""
    return KeepalivedBackend()
