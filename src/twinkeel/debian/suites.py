"""The releases of Debian and Ubuntu that hosts can be made of."""

from dataclasses import dataclass

from twinkeel.errors import UsageError

# Distribution -> where its releases come from on a machine of another one: its public servers (everything, security), the keyring
# and how to get it, and the components that hold a load balancer and what a cluster needs.
DEBIAN, UBUNTU = "debian", "ubuntu"


@dataclass(frozen=True)
class Servers:
    """A distribution's public package servers; `keyring_hint` tells a person how to get `keyring`."""

    everything: str
    security: str
    keyring: str
    keyring_hint: str
    components: str


SERVERS = {
    DEBIAN: Servers(
        "http://deb.debian.org/debian",
        "http://deb.debian.org/debian-security",
        "/usr/share/keyrings/debian-archive-keyring.gpg",
        "apt-get install debian-archive-keyring",
        "main",
    ),
    UBUNTU: Servers(
        "http://archive.ubuntu.com/ubuntu",
        "http://security.ubuntu.com/ubuntu",
        "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
        "apt-get install ubuntu-keyring (Debian 13 has that package, Debian 12 has not)",
        "main universe",
    ),
}


@dataclass(frozen=True)
class Suite:
    """A release by its code name.

    `point_releases`: it has suites for updates and for security; unstable has neither. `beyond_minimum` are packages that a host
    has on every release, and that belong to the minimal system of the others.
    """

    name: str
    title: str
    point_releases: bool = True
    distribution: str = DEBIAN
    beyond_minimum: tuple[str, ...] = ()

    def part(self, suffix: str) -> str | None:
        """The suite that is this one's -updates or -security ("" for itself); None when there is no such thing."""
        return self.name + suffix if self.point_releases or not suffix else None


SUITES = {
    suite.name: suite
    for suite in (
        Suite("bookworm", "Debian 12"),
        Suite("trixie", "Debian 13"),
        Suite("sid", "Debian unstable", point_releases=False),
        Suite("noble", "Ubuntu 24.04", distribution=UBUNTU, beyond_minimum=("apt",)),
    )
}


def find_suite(name: str, own: str) -> Suite:
    """The suite of that name: one of SUITES, or the release of this machine, which is a Debian then.

    Args:
        own: the code name of this machine's release; may be empty.

    Raises:
        UsageError: there is no such suite, or we do not know it.
    """
    if name in SUITES:
        return SUITES[name]
    if name and name == own:
        return Suite(name, f"Debian {name}")
    known = ", ".join(dict.fromkeys((*SUITES, *([own] if own else []))))
    raise UsageError(f"no suite called {name!r} is known", where="--suite", hint=f"give a code name: {known}")
