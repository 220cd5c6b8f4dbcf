"""What a check is, what it finds, and what comes of all checks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from twinkeel.errors import EXIT_FAILED, EXIT_GOOD, EXIT_NO, HostError
from twinkeel.preflight.facts import HostFacts, SegmentFacts
from twinkeel.topology.model import Machine, Topology
from twinkeel.vip.daemon import Version

Result = Literal["ok", "warning", "failure", "skipped"]
SUMMARY: tuple[Result, ...] = ("failure", "warning", "skipped", "ok")


@dataclass(frozen=True)
class Survey:
    """All that was seen. A host that could not be asked is in `problems`, and nowhere else.

    `deaf` has the load balancers that could be asked and could not listen to their segment, with the reason.
    """

    topology: Topology
    hosts: Mapping[str, HostFacts]
    segments: Mapping[str, SegmentFacts]
    problems: Mapping[str, HostError]
    not_listening: Mapping[str, str]
    ansible: Version = ()


@dataclass(frozen=True)
class Finding:
    """What a check saw at one place (`subject`: a host's short name, or what is checked), and what to do where it is not good."""

    result: Result
    subject: str
    saw: str
    advice: str = ""


Evaluate = Callable[[Survey], Iterator[Finding]]


@dataclass(frozen=True)
class Check:
    """One check. `title` is what must be so, `why` what happens otherwise, `advice` what to do.

    `sends` says which packets it sends and why they harm nothing; empty when it only reads. `essential` checks protect an apply.
    `mode` is the mode of the endpoint that it is about; None for every one.
    """

    id: str
    title: str
    why: str
    advice: str
    evaluate: Evaluate
    sends: str = ""
    essential: bool = False
    mode: Literal["vrrp", "bgp"] | None = None


@dataclass(frozen=True)
class Checked:
    """A check with its findings, the worst first."""

    check: Check
    findings: tuple[Finding, ...]

    @property
    def result(self) -> Result:
        """The worst of its findings."""
        return min((finding.result for finding in self.findings), key=SUMMARY.index, default="skipped")


@dataclass(frozen=True)
class Preflight:
    """What came of all checks. `unreachable` are the hosts that could not be asked."""

    checked: tuple[Checked, ...]
    unreachable: tuple[str, ...]
    seconds: float

    @property
    def failures(self) -> tuple[tuple[Check, Finding], ...]:
        """Every failure with its check."""
        return tuple((each.check, finding) for each in self.checked for finding in each.findings if finding.result == "failure")

    @property
    def exit_code(self) -> int:
        """0: nothing failed. 1: something did. 3: a host could not be asked."""
        if self.unreachable:
            return EXIT_FAILED
        return EXIT_NO if self.failures else EXIT_GOOD


def evaluate_all(checks: Sequence[Check], survey: Survey) -> tuple[Checked, ...]:
    """Every check of the endpoint's mode with its findings; one that had nobody to ask is skipped, with the reason."""
    mode = "vrrp" if survey.topology.bgp is None else "bgp"
    return tuple(Checked(check, _findings(check, survey)) for check in checks if check.mode in (None, mode))


def _findings(check: Check, survey: Survey) -> tuple[Finding, ...]:
    found = sorted(check.evaluate(survey), key=lambda finding: SUMMARY.index(finding.result))
    return tuple(found) or (Finding("skipped", "", "there is nothing to look at"),)


def on_each(
    machines: Callable[[Topology], Sequence[Machine]], evaluate: Callable[[Survey, Machine, HostFacts], Iterator[Finding]]
) -> Evaluate:
    """A check of one host after the other; hosts that could not be asked are skipped."""

    def every(survey: Survey) -> Iterator[Finding]:
        for machine in machines(survey.topology):
            facts = survey.hosts.get(machine.name)
            if facts is None:
                yield Finding("skipped", machine.name, "the host could not be asked")
            else:
                yield from evaluate(survey, machine, facts)

    return every


def every_host(topology: Topology) -> Sequence[Machine]:
    """All machines."""
    return topology.machines


def balancers(topology: Topology) -> Sequence[Machine]:
    """The load balancers' machines."""
    return tuple(balancer.machine for balancer in topology.load_balancers)


def as_json(preflight: Preflight) -> dict[str, Any]:
    """The whole as JSON values."""
    counts = {result: sum(1 for each in preflight.checked if each.result == result) for result in SUMMARY}
    return {
        "passed": not preflight.failures and not preflight.unreachable,
        "unreachable": list(preflight.unreachable),
        "seconds": round(preflight.seconds, 3),
        "results": counts,
        "checks": [_check_json(each) for each in preflight.checked],
    }


def _check_json(each: Checked) -> dict[str, Any]:
    findings = [
        {"result": finding.result, "subject": finding.subject, "saw": finding.saw, "advice": finding.advice}
        for finding in each.findings
    ]
    return {"id": each.check.id, "title": each.check.title, "result": each.result, "findings": findings}
