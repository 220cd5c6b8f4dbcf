"""Debian's releases that hosts can be made of."""

from dataclasses import dataclass

from twinkeel.errors import UsageError


@dataclass(frozen=True)
class Suite:
    """A release by its code name. `point_releases`: it has suites for updates and for security; unstable has neither."""

    name: str
    title: str
    point_releases: bool = True

    def part(self, suffix: str) -> str | None:
        """The suite that is this one's -updates or -security ("" for itself); None when there is no such thing."""
        return self.name + suffix if self.point_releases or not suffix else None


SUITES = {
    suite.name: suite
    for suite in (
        Suite("bookworm", "Debian 12"),
        Suite("trixie", "Debian 13"),
        Suite("sid", "Debian unstable", point_releases=False),
    )
}


def find_suite(name: str, own: str) -> Suite:
    """The suite of that name: one of SUITES, or the machine's own release, whatever that is.

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
    raise UsageError(f"no Debian suite called {name!r} is known", where="--suite", hint=f"give a code name: {known}")
