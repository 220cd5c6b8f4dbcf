"""All checks at once, and those that protect an apply."""

import time
from collections.abc import Sequence
from dataclasses import replace

from twinkeel.errors import HostError, UsageError
from twinkeel.hosts.executor import Reader
from twinkeel.preflight.checks import CHECKS, ESSENTIAL
from twinkeel.preflight.model import Check, Checked, Preflight, evaluate_all
from twinkeel.preflight.survey import survey_hosts
from twinkeel.topology.model import Topology

# Who has the virtual IP answers three probes of 0.2 s within milliseconds; nothing else is listened for.
ESSENTIAL_SECONDS = 0.5


async def preflight(reader: Reader, topology: Topology, checks: Sequence[Check] = CHECKS) -> Preflight:
    """Observe every host and evaluate what was seen. No error but a defect is raised: what cannot be asked is a finding."""
    began = time.monotonic_ns()
    survey = await survey_hosts(reader, topology, probe=any(check.sends for check in checks))
    checked = evaluate_all(checks, survey)
    return Preflight(checked, tuple(survey.problems), (time.monotonic_ns() - began) / 1e9)


async def essential_checks(reader: Reader, topology: Topology) -> tuple[Checked, ...]:
    """What must be so before an apply begins, of the load balancers alone; it takes less than a second.

    Raises:
        HostError: a load balancer cannot be asked; or a check failed: the message holds every failure.
    """
    survey = await survey_hosts(reader, _without_nodes(topology), seconds=ESSENTIAL_SECONDS)
    for problem in survey.problems.values():
        raise problem
    checked = evaluate_all(ESSENTIAL, survey)
    failures = [(each.check, finding) for each in checked for finding in each.findings if finding.result == "failure"]
    if not failures:
        return checked
    check, first = failures[0]
    more = "".join(f"; {other.id} {finding.subject}: {finding.saw}" for other, finding in failures[1:])
    hint = f"{first.advice or check.advice}; `twinkeel preflight` shows all, `--no-preflight` goes on all the same"
    raise HostError(f"{check.id}: {first.saw}{more}", where=first.subject, hint=hint)


def _without_nodes(topology: Topology) -> Topology:
    """The load balancers and nothing else: an apply does not need the nodes to be up."""
    return replace(topology, control_plane=(), etcd=(), workers=())


def select(ids: Sequence[str]) -> tuple[Check, ...]:
    """The checks of these ids, in the registry's order; all of them when none is named.

    Raises:
        UsageError: there is no check of that id.
    """
    known = {check.id for check in CHECKS}
    wanted = {name.upper() for name in ids}
    unknown = sorted(wanted - known)
    if unknown:
        raise UsageError(f"there is no check {', '.join(unknown)}", hint="`twinkeel preflight --list` shows them")
    return tuple(check for check in CHECKS if not wanted or check.id in wanted)
