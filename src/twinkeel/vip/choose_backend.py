"""Which mechanism shares a cluster's virtual IPs out."""

from twinkeel.topology.model import Topology
from twinkeel.vip.backend import VipBackend
from twinkeel.vip.bgp.backend import BgpBackend
from twinkeel.vip.keepalived.backend import KeepalivedBackend


def vip_backend(topology: Topology) -> VipBackend:
    """VRRP, or BGP where the spec asks for it."""
    return KeepalivedBackend() if topology.bgp is None else BgpBackend()
