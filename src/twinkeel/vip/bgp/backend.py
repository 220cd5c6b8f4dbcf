"""BGP by FRR, behind the seam of `twinkeel.vip.backend`."""

from collections.abc import Collection, Iterator, Sequence

from twinkeel.observe.ending import Ending
from twinkeel.observe.host_state import MARKER
from twinkeel.topology.model import LoadBalancer, Topology
from twinkeel.vip.backend import LiveSettings, RunningConfig, Sweep
from twinkeel.vip.daemons import BGP_DAEMON

# What the package's own file says, and every other one, too: nothing is lost with these.
_HARMLESS = ("frr ", "hostname ", "log ", "service ", "line vty", "exit", "end", "password ", "enable ", "no ", "!", "#")


class BgpBackend:
    """See `twinkeel.vip.backend.VipBackend` for what each method must do."""

    daemon = BGP_DAEMON.name
    unit = BGP_DAEMON.unit
    config_path = BGP_DAEMON.config_path
    exclusive = False

    def read(self, config: str) -> LiveSettings:
        """A load balancer's file matters to the routers alone: the others do not hear it."""
        return LiveSettings("standby", frozenset(), frozenset())

    def understands(self, balancer: LoadBalancer, mine: LiveSettings, holder: LiveSettings) -> bool:
        """Nobody need know of the others: all announce the same."""
        return True

    def is_ours(self, config: str) -> bool:
        """By the first line that we write. One that says nothing of its own is nobody's: the package brings it."""
        return MARKER in config or not any(_statements(config))

    def foreign(self, config: str, rendered: str, topology: Topology, balancer: LoadBalancer) -> Iterator[Ending]:
        """Every statement at the top of the file that the rendered one has not, and what it holds ends with it."""
        ours = {statement for _, statement in _statements(rendered)}
        for number, statement in _statements(config):
            if statement not in ours:
                yield Ending(f"{self.config_path}:{number}", f"{statement}, which the spec does not say: it ends")

    def sweeps(self, live: Collection[RunningConfig], wanted: Sequence[str]) -> tuple[Sweep, ...]:
        """Load balancers do not talk to each other: their files come at once."""
        return ()


def _statements(config: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(config.splitlines(), 1):
        if line.strip() and not line.startswith((" ", *_HARMLESS)):
            yield number, line.strip()
