"""The seam for what shares virtual IPs out among load balancers: how its files are read and told apart.

Planning, rollout and moves ask through it; only its implementation knows the daemon. Its files are rendered in `twinkeel.render`,
`failure_times` in its folder is its arithmetic (`twinkeel.vip.predict`), `daemon` what every layer may know of it
(`twinkeel.vip.daemons`), and `twinkeel.vip.steering` tells it who may hold virtual IPs.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from twinkeel.observe.ending import Ending
from twinkeel.render.vrrp_authentication import NONE, Authentication
from twinkeel.topology.model import LoadBalancer, Topology

# How a load balancer is told to give its virtual IPs away: the standby file; the file of a dead HAProxy, where the daemon runs
# with a file of an older Twinkeel; or a stop of a daemon that somebody else set up.
HandoverMethod = Literal["standby", "haproxy-down", "stop"]


@dataclass(frozen=True)
class LiveSettings:
    """What a load balancer's own file says that matters to the others.

    `protocol` are the lines that must agree on both sides for them to hear each other, `router_ids` the ids that advertisements of
    each virtual IP carry, `peers` the addresses that it sends to; none where it names none, as with multicast.
    `authentication` is how it signs what it sends,
    `intervals` the seconds between advertisements of each of its instances.
    """

    handover: HandoverMethod
    protocol: frozenset[str]
    peers: frozenset[str]
    authentication: Authentication = NONE
    intervals: tuple[float, ...] = ()
    router_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunningConfig:
    """A load balancer's own file, and whether its daemon runs with that (`settled`)."""

    config: str
    settled: bool


@dataclass(frozen=True)
class Sweep:
    """One of several changes that each reach every load balancer before the next one begins.

    `title` says what all do then, `rewrite` makes the file of this sweep out of the wanted one, `private` that it holds a key.
    """

    title: str
    rewrite: Callable[[str], str]
    private: bool = False


class VipBackend(Protocol):
    """One mechanism. `daemon` is what people call it, `unit` its systemd unit, `config_path` the file that it reads.

    `exclusive` says that one load balancer alone may hold a virtual IP; otherwise all of them do while they serve.
    """

    daemon: str
    unit: str
    config_path: str
    exclusive: bool

    def read(self, config: str) -> LiveSettings:
        """What the text of its file says; that of an empty text where there is none. Never fails."""

    def understands(self, balancer: LoadBalancer, mine: LiveSettings, holder: LiveSettings) -> bool:
        """Whether `balancer`, running with `mine`, and a holder with other settings would know of each other in time.

        The ownership invariant hangs on it: two that do not hear each other hold one virtual IP at the same time.
        """

    def is_ours(self, config: str) -> bool:
        """Whether Twinkeel wrote the file: one that somebody else wrote cannot be steered by our files."""

    def foreign(self, config: str, rendered: str, topology: Topology, balancer: LoadBalancer) -> Iterator[Ending]:
        """What somebody else's file does and the rendered one does not."""

    def sweeps(self, live: Collection[RunningConfig], wanted: Sequence[str]) -> tuple[Sweep, ...]:
        """The sweeps to the wanted files, where they cannot come in one: all must understand each other at every moment.

        The last one brings the wanted files themselves. Empty where those may come at once.
        """
