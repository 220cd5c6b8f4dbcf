"""The program that announces: what it decides. The whole of it, with real FRR: tests/checkers/bgp."""

import ast
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from rendered_program import load_program, program_path

PROGRAM = program_path("announce")


@pytest.fixture(scope="module")
def program() -> ModuleType:
    return load_program("announce")


class Member:
    """A load balancer at work, second by second.

    Args:
        others: whether somebody else serves at the virtual IP.
        have_one: whether another load balancer has an API server; None when not all can be asked.
    """

    def __init__(
        self,
        program: ModuleType,
        *,
        announcing: bool = False,
        planned: bool = False,
        others: bool = True,
        have_one: bool | None = True,
    ) -> None:
        self.program = program
        self.decision = program.Decision(lost_delay=2.0, return_delay=120.0, planned=planned)
        self.announcing, self.others, self.have_one, self.now = announcing, others, have_one, 0.0
        self.network = SimpleNamespace(
            answers=lambda: self.others, others=lambda: self.have_one, take=lambda: self.have_one is True
        )

    def step(
        self, *, down: bool = False, standby: bool = False, ready: bool = True, hangs: bool = False, seconds: float = 1.0
    ) -> str | None:
        self.now += seconds
        action: str | None
        seen = self.program.Seen(self.announcing, down, standby, ready, hangs)
        action, _ = self.decision.wanted(seen, self.now, self.network)
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
    """Where another load balancer has one; when it has one again, too, it waits: this was a failure."""
    member = Member(program, announcing=True)
    assert [member.step(ready=False), member.step(ready=False), member.step()] == [None, None, None]
    assert [member.step(ready=False) for _ in range(3)] == [None, None, "withdraw"]
    assert member.until_it_announces(ready=False) == 1000
    assert member.until_it_announces() == 121


def test_where_nobody_has_an_api_server_it_stays(program: ModuleType) -> None:
    """Without it clients would have no way at all, and routers would have to learn it again when an API server is back."""
    member = Member(program, announcing=True, have_one=False)
    assert [member.step(ready=False) for _ in range(1000)] == [None] * 1000
    # One of the others found an API server: this one is in the way.
    member.have_one = True
    assert [member.step(ready=False) for _ in range(2)].count("withdraw") == 1


def test_where_not_all_can_be_asked_it_looks_and_comes_back(program: ModuleType) -> None:
    member = Member(program, announcing=True, have_one=None, others=False)
    actions = [member.step(ready=False) for _ in range(2000)]
    looks = [second for second, action in enumerate(actions, 1) if action == "withdraw"]
    # Each is waited for longer than the one before, ten minutes at most.
    assert [round(later - sooner, -1) for sooner, later in pairwise(looks)] == [30, 60, 120, 240, 480, 600]
    back = [second for second, action in enumerate(actions, 1) if action == "announce"]
    assert all(later - sooner <= program.REFUSED_AFTER + program.PROBES for sooner, later in zip(looks, back, strict=True))


def test_who_looked_and_found_somebody_stays_away(program: ModuleType) -> None:
    member = Member(program, announcing=True, have_one=None)
    assert [member.step(ready=False) for _ in range(3)][-1] == "withdraw"
    assert member.until_it_announces(ready=False) == 1000
    assert member.until_it_announces() == 121


def test_who_looks_and_has_an_api_server_meanwhile_is_back_at_once(program: ModuleType) -> None:
    member = Member(program, announcing=True, have_one=None, others=False)
    assert [member.step(ready=False) for _ in range(3)][-1] == "withdraw"
    assert member.step(seconds=0.25) == "announce"


def test_a_silent_haproxy_goes_where_another_one_takes_its_share(program: ModuleType) -> None:
    member = Member(program, announcing=True)
    assert member.step(hangs=True, seconds=0.1) == "yield"
    assert [member.step(hangs=True) for _ in range(5)] == [None] * 5
    # It was silent for a moment only: nothing failed.
    assert member.step(seconds=0.1) == "announce"


def test_a_silent_haproxy_stays_where_nobody_takes_its_share(program: ModuleType) -> None:
    member = Member(program, announcing=True, have_one=False)
    assert [member.step(hangs=True) for _ in range(5)] == [None] * 5
    member.have_one = None
    assert member.step(hangs=True) is None


def test_a_silent_haproxy_that_is_killed_failed(program: ModuleType) -> None:
    member = Member(program, announcing=True)
    assert member.step(hangs=True) == "yield"
    # What it served is lost, and need not be kept any longer.
    assert member.step(hangs=True, down=True) == "forget"
    assert member.step(down=True) is None
    assert member.until_it_announces() == 121


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def asked(program: ModuleType, listener: socket.socket, does: Callable[[socket.socket], None]) -> list[bool | None]:
    """What is known of a load balancer that does so with a connection, and of one where nothing listens."""

    def serve() -> None:
        connection, _ = listener.accept()
        does(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    found: list[bool | None] = program.ask_all(["127.0.0.1"], listener.getsockname()[1], 0.5, program.hello(), any)
    thread.join()
    return found


def test_a_first_byte_shows_an_api_server(program: ModuleType, listener: socket.socket) -> None:
    def answer(connection: socket.socket) -> None:
        # A TLS handshake's record of a client.
        assert connection.recv(3)[:2] == b"\x16\x03"
        connection.sendall(b"\x16")
        connection.close()

    assert asked(program, listener, answer) == [True]


def test_who_takes_a_connection_and_ends_it_has_none(program: ModuleType, listener: socket.socket) -> None:
    """As HAProxy without a server that is up."""
    assert asked(program, listener, lambda connection: connection.close()) == [False]


def test_who_takes_a_connection_and_says_nothing_has_none(program: ModuleType, listener: socket.socket) -> None:
    """As HAProxy that hangs: its kernel takes connections."""
    assert asked(program, listener, lambda connection: time.sleep(0.6)) == [False]


def test_who_takes_no_connection_is_not_known(program: ModuleType, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    assert program.ask_all(["127.0.0.1"], port, 0.5, program.hello(), any) == [None]


def test_before_there_is_a_cluster_a_connection_is_enough(program: ModuleType, listener: socket.socket) -> None:
    assert program.ask_all(["127.0.0.1"], listener.getsockname()[1], 0.5, b"", all) == [True]


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
