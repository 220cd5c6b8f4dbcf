"""The registry of checks: ids, documentation, and what the command line makes of them."""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from twinkeel.errors import HostError, UsageError
from twinkeel.preflight.checks import CHECKS, ESSENTIAL, reference
from twinkeel.preflight.preflight import essential_checks, preflight, select
from twinkeel.preflight.survey import PROBE_SEGMENT, SURVEY_HOST, listen_seconds, probe_arguments, survey_hosts
from twinkeel.rollout import apply as rollout
from twinkeel.support.events import StepStarted
from twinkeel.topology.model import Machine, Topology

PAGE = Path(__file__).parents[3] / "docs" / "preflight.md"
Raw = Callable[[str, str], dict[str, object]]


def test_ids_are_unique_and_in_order() -> None:
    ids = [check.id for check in CHECKS]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"P\d{3}", each) for each in ids)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_is_documented(check: Any) -> None:
    assert check.title
    assert not check.title.endswith(".")
    for text in (check.why, check.advice):
        assert text.endswith(".")
    assert not check.sends or check.sends.endswith(".")


def test_the_page_is_fresh(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        PAGE.write_text(reference())
    assert PAGE.read_text() == reference(), "pytest tests/unit/preflight --update-golden writes it anew"


def test_selection_keeps_the_order_and_refuses_the_unknown() -> None:
    assert [check.id for check in select(["p043", "P001"])] == ["P001", "P043"]
    assert select([]) == CHECKS
    with pytest.raises(UsageError, match="there is no check P999"):
        select(["P999"])


@pytest.fixture
def hosts(raw: Raw, scripted_reader: Any) -> Any:
    """A reader that answers as bare hosts did."""

    def answer(machine: Machine, argv: Sequence[str]) -> str:
        if argv[0] == "date":
            return "1700000000000000000\n"
        for name, program in {"survey_host": SURVEY_HOST, "probe_segment": PROBE_SEGMENT}.items():
            if list(argv[:3]) == ["python3", "-c", program]:
                return json.dumps(raw("bare", f"{machine.name}-{name}"))
        return ""

    return scripted_reader(answer)


def asked_programs(reader: Any, program: str) -> list[str]:
    return sorted(name for name, argv in reader.asked if program in argv)


def test_every_host_is_surveyed_and_load_balancers_probe(hosts: Any, two_balancers: Topology) -> None:
    survey = asyncio.run(survey_hosts(hosts, two_balancers))
    assert asked_programs(hosts, SURVEY_HOST) == ["lb-1", "lb-2", "master-1"]
    assert asked_programs(hosts, PROBE_SEGMENT) == ["lb-1", "lb-2"]
    assert set(survey.hosts) == {"lb-1", "lb-2", "master-1"}
    asked = {name: json.loads(argv[3]) for name, argv in hosts.asked if SURVEY_HOST in argv}
    assert asked["lb-1"]["tls"] == [["192.168.1.101", 6443]]
    assert asked["master-1"]["tls"] == []


def test_nothing_is_sent_for_checks_that_send_nothing(hosts: Any, two_balancers: Topology) -> None:
    asyncio.run(preflight(hosts, two_balancers, select(["P010"])))
    assert asked_programs(hosts, PROBE_SEGMENT) == []


def test_a_program_that_fails_is_a_problem_of_its_host(hosts: Any, two_balancers: Topology) -> None:
    usual = hosts.answer

    def answer(machine: Machine, argv: Sequence[str]) -> str:
        if machine.name == "lb-2" and SURVEY_HOST in argv:
            raise HostError("the SSH connection broke", where="lb-2")
        text: str = usual(machine, argv)
        return text

    hosts.answer = answer
    result = asyncio.run(preflight(hosts, two_balancers))
    assert (result.exit_code, result.unreachable) == (3, ("lb-2",))


def test_essential_checks_ask_the_load_balancers_alone(hosts: Any, two_balancers: Topology) -> None:
    checked = asyncio.run(essential_checks(hosts, two_balancers))
    assert [each.check for each in checked] == [check for check in ESSENTIAL if check.mode != "bgp"]
    listened = {json.loads(argv[3])["seconds"] for _, argv in hosts.asked if PROBE_SEGMENT in argv}
    assert listened == {0.5}, "three probes, and time to answer the last one"
    assert {name for name, _ in hosts.asked} == {"lb-1", "lb-2"}
    assert {check.id for check in ESSENTIAL} == {"P001", "P002", "P010", "P011", "P022", "P023", "P024", "P033", "P034", "P037"}


def test_an_essential_failure_stops_with_its_id_and_advice(hosts: Any, raw: Raw, two_balancers: Topology) -> None:
    usual = hosts.answer

    def answer(machine: Machine, argv: Sequence[str]) -> str:
        text: str = usual(machine, argv)
        if SURVEY_HOST in argv and machine.name == "lb-2":
            seen = json.loads(text)
            seen["listeners"] = [{"address": "192.168.1.112", "port": 6443, "process": "nginx", "unit": "nginx.service"}]
            return json.dumps(seen)
        return text

    hosts.answer = answer
    with pytest.raises(HostError) as caught:
        asyncio.run(essential_checks(hosts, two_balancers))
    assert caught.value.what == "P023: port 6443 (the endpoint) is taken by nginx of nginx.service at 192.168.1.112"
    assert caught.value.where == "lb-2"
    assert "--no-preflight" in caught.value.hint


def test_an_apply_that_may_not_begin_touches_nothing(
    hosts: Any, raw: Raw, two_balancers: Topology, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock alone is taken, and given back: these hosts can only be read."""
    monkeypatch.setattr(rollout, "cluster_lock", lambda *_, **__: nullcontext())

    async def look_around(*_: object) -> None:
        """What it finds is never used."""

    monkeypatch.setattr(rollout, "observe_balancers", look_around)
    usual = hosts.answer

    def answer(machine: Machine, argv: Sequence[str]) -> str:
        text: str = usual(machine, argv)
        return json.dumps({**json.loads(text), "init": "sh"}) if SURVEY_HOST in argv else text

    hosts.answer = answer
    events: list[object] = []
    with pytest.raises(HostError, match="P011: process 1 is sh"):
        asyncio.run(rollout.apply(two_balancers, hosts, tmp_path / "log", events.append, preflight=True))
    assert not hasattr(hosts, "change")
    assert events[-1] == StepStarted("Run the preflight checks")
    assert StepStarted("Compare with the spec") not in events


def test_what_a_load_balancer_is_told_to_send(two_balancers: Topology) -> None:
    balancer = two_balancers.load_balancers[0]
    assert listen_seconds(balancer) == 1.3
    told = probe_arguments(balancer, "00ff", 1.3)
    assert told["pairs"] == [("192.168.1.111", "192.168.1.112")]
    assert told["vips"] == ["192.168.1.110"]
