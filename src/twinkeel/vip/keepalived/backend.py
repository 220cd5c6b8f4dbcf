"""VRRP by Keepalived, behind the seam of `twinkeel.vip.backend`."""

from collections.abc import Iterator

from twinkeel.observe.host_state import MARKER
from twinkeel.render.keepalived import CONFIG_PATH
from twinkeel.topology.model import LoadBalancer, Topology
from twinkeel.vip.backend import LiveSettings
from twinkeel.vip.keepalived.authentication import authentication_of
from twinkeel.vip.keepalived.foreign import foreign_keepalived
from twinkeel.vip.keepalived.live_file import handover_of, unicast_peers, vrrp_lines


class KeepalivedBackend:
    """See `twinkeel.vip.backend.VipBackend` for what each method must do."""

    daemon = "Keepalived"
    unit = "keepalived"
    config_path = CONFIG_PATH

    def read(self, config: str) -> LiveSettings:
        """By lines, not by blocks: our own file has one instance a virtual IP, and all of them agree."""
        return LiveSettings(handover_of(config), vrrp_lines(config), unicast_peers(config), authentication_of(config))

    def hears(self, balancer: LoadBalancer, mine: LiveSettings, holder: LiveSettings) -> bool:
        """The same protocol and keys, and where the holder sends to peers, this load balancer among them."""
        unicast = {str(instance.source) for instance in balancer.instances if not instance.multicast}
        signed = mine.authentication.understands(holder.authentication)
        return mine.protocol == holder.protocol and signed and unicast <= holder.peers

    def is_ours(self, config: str) -> bool:
        """By the first line that we write."""
        return MARKER in config

    def foreign(self, config: str, topology: Topology, balancer: LoadBalancer) -> Iterator[str]:
        """Instances, addresses, scripts and blocks."""
        return foreign_keepalived(self.config_path, config, topology, balancer)
