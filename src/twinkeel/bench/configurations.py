"""Every configuration that can be put on the load balancers, in the order in which tables show them.

Those of others are written in our own words from the settings that their documents and sources name. Common to all, so that the
comparison is fair: addresses, ports, interface, API servers, and the virtual router's number come from the spec, the password is
the bench's own, and the daemons are those of the load balancers.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from twinkeel.errors import UsageError


@dataclass(frozen=True)
class Configuration:
    """One configuration. `source` says where its settings are from, `differs` what had to be written differently, and why.

    `settle` is how many seconds the virtual IP must have stayed before it is sure to stay: where a better load balancer that comes
    back takes it again, as long as its checks and yield delay take. `profile` is the profile of our own that it stands for, None
    for another's. `priorities` are those of the first load balancer, the second, and so on; the last goes for all further ones.
    `programs` must be on the load balancers for its check.
    """

    id: str
    title: str
    source: str
    differs: tuple[str, ...] = ()
    profile: Literal["fast", "steady"] | None = None
    priorities: tuple[int, ...] = (100,)
    settle: float = 3.0
    programs: tuple[str, ...] = ()

    @property
    def has_check(self) -> bool:
        """Whether Keepalived runs a script."""
        return bool(self.programs)

    def priority(self, place: int) -> int:
        """The VRRP priority of the load balancer at that place of the spec, counted from 0."""
        return self.priorities[min(place, len(self.priorities) - 1)]


CONFIGURATIONS: tuple[Configuration, ...] = (
    Configuration(
        id="twinkeel-fast",
        title="Twinkeel, profile fast",
        source="this project: `failover: {profile: fast}`",
        profile="fast",
    ),
    Configuration(
        id="twinkeel-steady",
        title="Twinkeel, profile steady",
        source="this project: `failover: {profile: steady}`",
        profile="steady",
    ),
    Configuration(
        id="seed",
        title="The article that this project began with",
        source="the seed's haproxy.cfg, keepalived.conf and check_apiserver.sh",
        differs=("master-3 has its right address: the article's haproxy.cfg names a worker's.",),
        programs=("curl",),
    ),
    Configuration(
        id="kubeadm",
        title="kubeadm's document",
        source="kubeadm, Options for Software Load Balancing (github.com/kubernetes/kubeadm, docs/ha-considerations.md)",
        priorities=(101, 100),
        settle=12.0,
        programs=("curl",),
    ),
    Configuration(
        id="rke2",
        title="The RKE2 and K3s documents",
        source="K3s, Cluster Load Balancer (docs.k3s.io/datastore/cluster-loadbalancer), which RKE2's users follow",
        differs=(
            "The document's check is `killall -0 haproxy`. killall is not on every host, and Keepalived 2.2 follows the link from "
            "pidof to killall5, which always fails: a script of one line asks pidof.",
            "The document shows no timeouts, since it adds to a haproxy.cfg that has some: Debian's stand there (5 s, 50 s, 50 s).",
        ),
        priorities=(200, 100),
        settle=8.0,
        programs=("pidof",),
    ),
    Configuration(
        id="kubemarine",
        title="KubeMarine",
        source="KubeMarine's templates of haproxy.cfg, keepalived.conf and its check (github.com/Netcracker/KubeMarine)",
        differs=(
            "Its check wants ports 80 and 443 to listen, too; those belong to an ingress controller, which is not compared.",
            "Its maxconn is 10000; here it is the spec's, since a lab's hosts may not open that many files.",
        ),
        priorities=(254, 253, 252, 251, 250),
        programs=("ss",),
    ),
    Configuration(
        id="openshift",
        title="OpenShift on bare metal",
        source="machine-config-operator's templates for on-premises networks (github.com/openshift/machine-config-operator)",
        differs=(
            "Its load balancers run in pods on the control-plane hosts; here they are services on hosts of their own.",
            "Its second check looks at the host's own API server; here it asks one through the host's HAProxy.",
            "Its maxconn is 40000; here it is the spec's, since a lab's hosts may not open that many files.",
        ),
        priorities=(40,),
        settle=12.0,
        programs=("curl", "timeout"),
    ),
    Configuration(
        id="k0s",
        title="Like k0s control plane load balancing",
        source="k0s, Control Plane Load Balancing (docs.k0sproject.io/stable/cplb)",
        differs=(
            "Its balancer is a program of its own; HAProxy stands in for it with the same check (/healthz, 1 s, one failure).",
        ),
        priorities=(200,),
    ),
)


def find_configuration(name: str) -> Configuration:
    """The configuration of that id. Raises UsageError that lists those there are."""
    ids = [configuration.id for configuration in CONFIGURATIONS]
    for configuration in CONFIGURATIONS:
        if configuration.id == name:
            return configuration
    close = get_close_matches(name, ids, n=1)
    guess = f"did you mean {close[0]}? " if close else ""
    raise UsageError(f"there is no configuration {name!r}", hint=f"{guess}one of: {', '.join(ids)}")


def chosen(names: list[str]) -> tuple[Configuration, ...]:
    """The configurations of those ids, each once, in the order given; all of them for an empty list. Raises UsageError."""
    return tuple(find_configuration(name) for name in dict.fromkeys(names)) or CONFIGURATIONS
