"""What rules and panels are about: one cluster, as its series are labelled."""

from dataclasses import dataclass

from twinkeel.render.haproxy import BACKEND
from twinkeel.topology.model import Topology

FRONTEND = "kubernetes-endpoint"
SERVED = f"{FRONTEND}|endpoint[.].*"
"""HAProxy's frontends for clients: the API's, and those of extra services."""


@dataclass(frozen=True)
class Subject:
    """One cluster. `haproxy` says whether HAProxy's own metrics can be read from outside (`haproxy.metrics`).

    `advert_interval` is how often a holder of VRRP advertises, in seconds. `bgp`: all announce the virtual IPs instead, with `bfd`
    or without, and wait for `return_delay` seconds after a failure.
    """

    cluster: str
    load_balancers: tuple[str, ...]
    haproxy: bool
    services: bool
    advert_interval: float = 1.0
    bgp: bool = False
    bfd: bool = False
    return_delay: float = 0.0

    @property
    def of(self) -> str:
        """The label matcher of the cluster's series, for within braces."""
        return f'cluster="{self.cluster}"'

    @property
    def api(self) -> str:
        """The label matchers of HAProxy's series about the API servers."""
        return f'{self.of},proxy="{BACKEND}"'

    def absent(self, metric: str) -> str:
        """One series for each load balancer without the metric, labelled with its name: only the spec knows whom to miss."""
        return " or ".join(f'absent({metric}{{{self.of},load_balancer="{name}"}})' for name in self.load_balancers)


def subject(topology: Topology) -> Subject:
    """What to watch of a topology."""
    names, bgp = tuple(balancer.machine.name for balancer in topology.load_balancers), topology.bgp
    return Subject(
        topology.name,
        names,
        haproxy=topology.haproxy.metrics is not None,
        services=bool(topology.services),
        advert_interval=topology.load_balancers[0].instances[0].advert_interval if bgp is None else 0.0,
        bgp=bgp is not None,
        bfd=bgp is not None and bgp.bfd is not None,
        return_delay=bgp.return_delay if bgp else 0.0,
    )
