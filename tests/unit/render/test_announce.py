"""The program that announces: what it decides. The whole of it, with real FRR: tests/checkers/bgp."""

import ast
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rendered_program import load_program, program_path

PROGRAM = program_path("announce")


@pytest.fixture(scope="module")
def program() -> ModuleType:
    return load_program("announce")


class Member:
    """A load balancer at work, second by second; `others` says whether somebody else serves."""

    def __init__(self, program: ModuleType, *, announcing: bool = False, planned: bool = False, others: bool = True) -> None:
        self.decision = program.Decision(lost_delay=2.0, return_delay=120.0, planned=planned)
        self.announcing, self.others, self.now = announcing, others, 0.0

    def step(self, *, down: bool = False, standby: bool = False, ready: bool = True, seconds: float = 1.0) -> str | None:
        self.now += seconds
        action: str | None
        action, _ = self.decision.wanted(self.announcing, down, standby, ready, self.now, lambda: self.others)
        if action is not None:
            self.announcing = action == "announce"
        return action

    def until_it_announces(self, **seen: Any) -> int:
        """How many seconds that takes; 1000 for never."""
        return next((second for second in range(1, 1000) if self.step(**seen) == "announce"), 1000)


def test_it_runs_on_the_oldest_python_that_a_host_may_have() -> None:
    ast.parse(PROGRAM.read_text(), feature_version=(3, 6))


def test_after_a_failure_it_must_be_well_for_the_whole_delay(program: ModuleType) -> None:
    member = Member(program, announcing=True)
    assert member.step(down=True) == "withdraw"
    assert [member.step() for _ in range(100)] == [None] * 100
    # A second failure, while it waits: the count begins anew.
    assert member.step(down=True) is None
    assert member.until_it_announces() == 121


def test_it_does_not_wait_where_nobody_else_serves(program: ModuleType) -> None:
    member = Member(program, announcing=True, others=False)
    assert member.step(down=True) == "withdraw"
    assert member.until_it_announces() == program.PROBES


def test_one_probe_that_failed_is_not_believed(program: ModuleType) -> None:
    member = Member(program, others=False)
    assert member.step() is None
    member.others = True
    assert [member.step() for _ in range(50)] == [None] * 50


def test_a_planned_return_is_at_once(program: ModuleType) -> None:
    member = Member(program, announcing=True)
    assert member.step(standby=True) == "leave"
    assert [member.step(standby=True) for _ in range(10)] == [None] * 10
    assert member.step() == "announce"


def test_a_persons_word_ends_the_waiting(program: ModuleType) -> None:
    member = Member(program, announcing=True)
    member.step(down=True)
    assert member.step() is None
    assert member.step(standby=True) is None
    assert member.step() == "announce"


def test_a_failure_after_a_planned_return_waits_again(program: ModuleType) -> None:
    member = Member(program, announcing=True)
    member.step(standby=True)
    assert member.step() == "announce"
    assert member.step(down=True) == "withdraw"
    assert member.until_it_announces() == 121


def test_work_while_it_stands_aside_is_no_failure(program: ModuleType) -> None:
    """An apply restarts HAProxy there: the return is planned all the same."""
    member = Member(program, announcing=True)
    member.step(standby=True)
    for _ in range(3):
        assert member.step(standby=True, down=True, ready=False) is None
    # HAProxy needs its first checks after that.
    assert member.step(ready=False) is None
    assert member.step() == "announce"


def test_a_dead_haproxy_is_not_waited_for(program: ModuleType) -> None:
    """The routers are told first only while somebody serves meanwhile."""
    assert Member(program, announcing=True).step(standby=True, down=True) == "withdraw"


def test_without_api_servers_it_withdraws_after_a_while(program: ModuleType) -> None:
    member = Member(program, announcing=True)
    assert [member.step(ready=False), member.step(ready=False), member.step()] == [None, None, None]
    assert [member.step(ready=False) for _ in range(3)] == [None, None, "withdraw"]
    assert member.until_it_announces(ready=False) == 1000


def test_a_first_start_is_no_planned_return(program: ModuleType) -> None:
    """Nobody knows how a host went that boots: it waits, as after a failure."""
    assert Member(program).until_it_announces() == 121
    assert Member(program, others=False).until_it_announces() == program.PROBES
    assert Member(program, planned=True).until_it_announces() == 1


def test_the_state_outlives_the_program(program: ModuleType, tmp_path: Path) -> None:
    state = program.State(str(tmp_path / "announce.json"))
    assert state.read() is False
    state.counts["withdrawals"] = 2
    state.write(False, "stopped", True, None)
    again = program.State(str(tmp_path / "announce.json"))
    assert again.read() is True
    assert again.counts == {"withdrawals": 2}
