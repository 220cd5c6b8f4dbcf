"""VRRP by Keepalived, behind the seam of `twinkeel.vip.backend`."""

from collections.abc import Collection, Iterator, Sequence

from twinkeel.observe.ending import Ending
from twinkeel.observe.host_state import MARKER
from twinkeel.topology.model import LoadBalancer, Topology
from twinkeel.vip.backend import LiveSettings, RunningConfig, Sweep
from twinkeel.vip.daemons import VRRP_DAEMON
from twinkeel.vip.keepalived.authentication import authentication_of
from twinkeel.vip.keepalived.foreign import foreign_keepalived
from twinkeel.vip.keepalived.live_file import (
    advert_intervals,
    agree_on_router_ids,
    handover_of,
    router_ids,
    unicast_peers,
    vrrp_lines,
)
from twinkeel.vip.keepalived.sweeps import sweeps
from twinkeel.vrrp import DOWN_TIMER_ADVERTS


class KeepalivedBackend:
    """See `twinkeel.vip.backend.VipBackend` for what each method must do."""

    daemon = VRRP_DAEMON.name
    unit = VRRP_DAEMON.unit
    config_path = VRRP_DAEMON.config_path
    exclusive = True

    def read(self, config: str) -> LiveSettings:
        """Router ids by instances, all else by lines: our own file has one instance a virtual IP, and all of them agree."""
        authentication, intervals = authentication_of(config), advert_intervals(config)
        protocol, peers = vrrp_lines(config), unicast_peers(config)
        return LiveSettings(handover_of(config), protocol, peers, authentication, intervals, router_ids(config))

    def understands(self, balancer: LoadBalancer, mine: LiveSettings, holder: LiveSettings) -> bool:
        """The same protocol and keys, and where the holder sends to peers, this load balancer among them.

        A virtual IP that only one of them has is nobody's trouble: it is how one is added or taken away on a live pair. A holder
        in whose file none could be found is not heard.
        Nor may it be too impatient: it takes the virtual IP when it has heard nothing for three of its own intervals, and with
        VRRP version 3 it learns a holder's longer interval only from the next advertisement.
        """
        unicast = {str(instance.source) for instance in balancer.instances if not instance.multicast}
        signed = mine.authentication.understands(holder.authentication)
        steady = not _is_impatient(mine.intervals, holder.intervals)
        same = mine.protocol == holder.protocol and agree_on_router_ids(mine.router_ids, holder.router_ids)
        has_router_ids = bool(holder.router_ids) or not mine.router_ids
        return same and has_router_ids and signed and steady and unicast <= holder.peers

    def is_ours(self, config: str) -> bool:
        """By the first line that we write."""
        return MARKER in config

    def foreign(self, config: str, rendered: str, topology: Topology, balancer: LoadBalancer) -> Iterator[Ending]:
        """Instances, addresses, scripts and blocks."""
        return foreign_keepalived(self.config_path, config, rendered, topology, balancer)

    def sweeps(self, live: Collection[RunningConfig], wanted: Sequence[str]) -> tuple[Sweep, ...]:
        """Signed advertisements come and go by several."""
        return sweeps(live, wanted)


def _is_impatient(own: Sequence[float], holders: Sequence[float]) -> bool:
    """Whether its timer can run out between two of the holder's advertisements, nopreempt or not (seen with 2.2.7 to 2.3.4)."""
    return DOWN_TIMER_ADVERTS * min(own, default=1.0) <= max(holders, default=0.0)
