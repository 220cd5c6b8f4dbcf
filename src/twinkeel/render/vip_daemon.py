"""Which daemon shares a cluster's virtual IPs out."""

from twinkeel.topology.model import Topology
from twinkeel.vip.daemon import VipDaemon
from twinkeel.vip.daemons import BGP_DAEMON, VRRP_DAEMON


def vip_daemon(topology: Topology) -> VipDaemon:
    """The one of a cluster's `endpoint.mode`."""
    return VRRP_DAEMON if topology.bgp is None else BGP_DAEMON
