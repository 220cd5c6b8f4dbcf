"""The daemons that share virtual IPs out, as the rest of the house speaks of them. Values only.

What a daemon's files say is for its renderer and for its backend (`twinkeel.vip`); nobody else writes its name into code.
"""

from typing import NamedTuple

from twinkeel.topology.model import Topology


class VipDaemon(NamedTuple):
    """`name` is what people call it, `unit` its systemd unit and package, `config_path` the file that it reads."""

    name: str
    unit: str
    config_path: str

    @property
    def folder(self) -> str:
        """Where all its files lie."""
        return self.config_path.rpartition("/")[0]


VRRP_DAEMON = VipDaemon("Keepalived", "keepalived", "/etc/keepalived/keepalived.conf")
BGP_DAEMON = VipDaemon("FRR", "frr", "/etc/frr/frr.conf")


def vip_daemon(topology: Topology) -> VipDaemon:
    """The one of a cluster's `endpoint.mode`."""
    return VRRP_DAEMON if topology.bgp is None else BGP_DAEMON
