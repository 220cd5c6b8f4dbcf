"""The program that finds a hung HAProxy: its parts, and the whole of it as a process of its own."""

import ast
import json
import os
import socket
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from rendered_program import load_program, program_path

PROGRAM = program_path("haproxy-liveness")


@pytest.fixture(scope="module")
def liveness() -> ModuleType:
    return load_program("haproxy-liveness")


@contextmanager
def listener(answer: Callable[[socket.socket], None] | None) -> Iterator[int]:
    """A loopback port. With None connections are accepted by the kernel alone, as those of a stopped process are."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        if answer is not None:
            threading.Thread(target=_serve, args=(server, answer), daemon=True).start()
        yield server.getsockname()[1]


def _serve(server: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    """Every connection in a thread of its own: on one of them nothing is ever said."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(connection, answer), daemon=True).start()


def _answer(connection: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    with connection, suppress(OSError):
        if connection.recv(1024):
            answer(connection)


def says(*pieces: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.01)

    return answer


def trickle(connection: socket.socket) -> None:
    """A byte now and then, for two minutes: each one in time, the whole never."""
    for _ in range(6000):
        connection.sendall(b"H")
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on, and that no connection gets by chance: it is below those that the kernel gives out.

    Each process of the test run takes from a range of its own: it is free until the test listens, which may be much later.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]) - 1000 * worker
    for port in range(lowest - 1, 1024, -1):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("every port is in use")


def test_it_runs_on_the_oldest_python_that_a_host_may_have() -> None:
    ast.parse(PROGRAM.read_text(), feature_version=(3, 6))


def test_it_needs_no_package() -> None:
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(ast.parse(PROGRAM.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(b"HTTP/1.0 200 OK\r\n\r\n"), True),
        (says(b"HTTP/1.1 2", b"00 OK\r", b"\n\r\n"), True),
        (says(b"HTTP/1.0 503 Service Unavailable\r\n\r\n"), False),
        (says(b"200 OK\r\n"), False),
        (says(b""), False),
        (trickle, False),
        (None, False),
    ],
    ids=["200", "200 in pieces", "503", "not HTTP", "closed", "trickle", "silence"],
)
def test_only_a_200_is_an_answer(liveness: ModuleType, answer: Callable[[socket.socket], None] | None, expected: bool) -> None:
    with listener(answer) as port:
        started = time.monotonic()
        # An answer may take its time on a busy machine; the trickle goes on for two minutes.
        assert liveness.answers(port, 30 if expected else 0.2) is expected
        assert time.monotonic() - started < 60


def test_a_closed_port_is_no_answer_and_costs_no_time(liveness: ModuleType) -> None:
    started = time.monotonic()
    assert liveness.answers(free_port(), 200.0) is False
    assert time.monotonic() - started < 100


def test_silence_counts_from_the_last_answer(liveness: ModuleType) -> None:
    silence = liveness.Silence(1.0, now=10.0)
    assert silence.left(10.25) == 0.75
    silence.answered(10.5)
    assert silence.left(11.5) == 0.0


def test_a_pause_of_the_machine_is_not_silence(liveness: ModuleType) -> None:
    silence = liveness.Silence(1.0, now=10.0)
    silence.woke(now=40.0, due=10.25)
    assert silence.left(40.0) == 1.0


def test_an_ordinary_delay_does_not_hide_silence(liveness: ModuleType) -> None:
    silence = liveness.Silence(1.0, now=10.0)
    silence.woke(now=10.7, due=10.25)
    assert silence.left(10.7) == pytest.approx(0.3)


def systemctl_show(state: str, active_since: float) -> Callable[..., SimpleNamespace]:
    shown = f"ActiveState={state}\nActiveEnterTimestampMonotonic={int(active_since * 1e6)}\n"
    return lambda *_, **__: SimpleNamespace(stdout=shown)


@pytest.mark.parametrize(
    ("state", "age", "expected"),
    [
        ("active", 60, True),
        ("reloading", 60, True),
        ("active", 0.5, False),
        ("activating", 60, False),
        ("inactive", 60, False),
        ("failed", 9, False),
    ],
)
def test_only_a_unit_that_claims_to_serve_is_killed(liveness: ModuleType, state: str, age: float, expected: bool) -> None:
    run = systemctl_show(state, time.monotonic() - age)
    assert liveness.claims_to_serve("haproxy.service", 30.0, run=run) is expected


def test_a_systemd_that_does_not_answer_kills_nothing(liveness: ModuleType) -> None:
    def run(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("systemctl", 5)

    assert liveness.claims_to_serve("haproxy.service", 1.0, run=run) is False


def test_the_virtual_ip_moves_before_the_kill(liveness: ModuleType, tmp_path: Path) -> None:
    down = tmp_path / "down"
    down.write_text("0\n")
    at_kill = []
    liveness.give_up("haproxy.service", str(down), run=lambda command, timeout: at_kill.append((command, down.read_text())))
    assert at_kill == [(["systemctl", "kill", "--signal=KILL", "haproxy.service"], "1\n")]


def test_a_kill_that_hangs_is_said_and_survived(liveness: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("systemctl", 5)

    liveness.give_up("haproxy.service", str(tmp_path / "down"), run=run)
    assert "did not end" in capsys.readouterr().err


@pytest.mark.parametrize("prefix", ["", "@"])
def test_systemd_is_told(liveness: ModuleType, tmp_path: Path, prefix: str) -> None:
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind("\0" + name if prefix else name)
        notify.settimeout(30)
        liveness.tell_systemd("READY=1", environment={"NOTIFY_SOCKET": prefix + name})
        assert notify.recv(100) == b"READY=1"
    liveness.tell_systemd("READY=1", environment={})


def test_one_missed_answer_is_not_enough(liveness: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    down = tmp_path / "down"
    monkeypatch.setattr(liveness, "claims_to_serve", lambda *_: pytest.fail("asked before the deadline"))
    with listener(says(b"HTTP/1.0 503 no\r\n\r\n")) as port:
        options = Namespace(port=port, interval=0.05, deadline=60.0, unit="haproxy.service", down_file=str(down))
        liveness.step(options, liveness.Silence(60.0, time.monotonic()), liveness.Servers(2.0), liveness.Lifeline(options))
    assert not down.exists()


@pytest.fixture
def systemctl(tmp_path: Path) -> Path:
    """A folder for PATH with a systemctl that writes down how it was called, and holds every unit for long active."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\necho ActiveState=active\necho ActiveEnterTimestampMonotonic=1\n')
    program.chmod(0o755)
    return folder


@contextmanager
def watching(port: int, systemctl: Path, notify: str, *more: str) -> Iterator[Path]:
    down = systemctl.parent / "down"
    down.write_text("0\n")
    command = [sys.executable, str(PROGRAM), f"--port={port}", "--interval=0.05", "--deadline=0.4", f"--down-file={down}", *more]
    environment = {"PATH": f"{systemctl}:/usr/bin:/bin", "NOTIFY_SOCKET": notify}
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield down
        finally:
            process.kill()


def wait_for(what: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


@pytest.fixture
def notify(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(60)
        yield receiver


def test_a_hung_haproxy_is_killed(systemctl: Path, notify: socket.socket) -> None:
    """As a process: ready, the deadline passes, the file says 1, and only then the kill."""
    started = time.monotonic()
    with listener(None) as port, watching(port, systemctl, notify.getsockname()) as down:
        assert notify.recv(100) == b"READY=1"
        assert wait_for(lambda: down.read_text() == "1\n")
        assert time.monotonic() - started >= 0.4
        assert notify.recv(100) == b"WATCHDOG=1"
        calls = systemctl.parent / "calls"
        assert wait_for(lambda: "kill --signal=KILL haproxy.service" in calls.read_text())


def test_a_serving_haproxy_is_left_alone(systemctl: Path, notify: socket.socket) -> None:
    """Over more than a deadline, which is one that a busy machine can keep."""
    serving = listener(says(b"HTTP/1.0 200 OK\r\n\r\n"))
    with serving as port, watching(port, systemctl, notify.getsockname(), "--deadline=2.5") as down:
        assert notify.recv(100) == b"READY=1"
        assert not wait_for(lambda: down.read_text() != "0\n", seconds=3.0)
        assert not (systemctl.parent / "calls").exists()


def haproxy(port: int) -> subprocess.Popen[bytes]:
    """A server of its own that says 200, listening already; it dies as HAProxy does."""
    program = (
        "import http.server, sys\n"
        "class Handler(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        "    def log_message(self, *_): pass\n"
        "server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)\n"
        "print('listens', flush=True)\n"
        "server.serve_forever()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(port)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"listens\n"
    return process


def test_a_dead_haproxy_is_seen_before_the_next_request(systemctl: Path, notify: socket.socket) -> None:
    """The interval is an hour here: only the broken connection can have told. Once HAProxy is back, so is the 0."""
    port = free_port()
    first = haproxy(port)
    with watching(port, systemctl, notify.getsockname(), "--interval=3600") as down:
        assert notify.recv(100) == b"READY=1"
        time.sleep(0.5)
        assert down.read_text() == "0\n"
        first.kill()
        first.wait()
        assert wait_for(lambda: down.read_text() == "1\n")


def test_what_was_written_over_the_0_of_a_new_haproxy_is_taken_back(systemctl: Path, notify: socket.socket) -> None:
    port = free_port()
    with watching(port, systemctl, notify.getsockname(), "--deadline=3600") as down:
        assert wait_for(lambda: down.read_text() == "1\n")
        new = haproxy(port)
        assert wait_for(lambda: down.read_text() == "0\n")
        new.kill()
        new.wait()
        assert wait_for(lambda: down.read_text() == "1\n")


def test_a_connection_that_haproxy_closes_is_no_death(liveness: ModuleType, tmp_path: Path) -> None:
    """As a reload does, and a timeout: somebody still listens."""
    down = tmp_path / "down"
    with socket.create_server(("127.0.0.1", 0)) as server:
        lifeline = liveness.Lifeline(Namespace(port=server.getsockname()[1], interval=0.05, down_file=str(down)))
        threading.Thread(target=_close_each, args=(server,), daemon=True).start()
        lifeline.sleep(0.5)
        assert (lifeline.gone, down.exists()) == (False, False)


def _close_each(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            server.accept()[0].close()
            time.sleep(0.02)


def seen(servers: object, *looks: tuple[bool, bool, float]) -> list[bool]:
    """Each look is (some server is up, this host holds a virtual IP, the time)."""
    return [servers.seen(*look) for look in looks]  # type: ignore[attr-defined]


def test_a_holder_without_servers_yields_after_its_delay(liveness: ModuleType) -> None:
    looks = (True, True, 0.0), (False, True, 1.0), (False, True, 2.5), (False, True, 3.0), (False, True, 3.5)
    assert seen(liveness.Servers(2.0), *looks) == [False, False, False, True, False]


def test_it_waits_longer_before_each_further_try_until_servers_are_back(liveness: ModuleType) -> None:
    servers = liveness.Servers(2.0)
    seen(servers, (True, True, 0.0))
    yields = [second for second in range(1, 400) if seen(servers, (False, True, float(second)))[0]]
    assert yields == [3, 33, 93, 213]
    assert seen(servers, (True, True, 400.0), (False, True, 700.0), (False, True, 702.0)) == [False, False, True]
    assert seen(servers, (False, True, 731.0), (False, True, 732.0)) == [False, True]


def test_the_time_counts_while_it_holds_a_virtual_ip(liveness: ModuleType) -> None:
    """A peer that got the virtual IP by yielding waits as long before it yields back: never both are out."""
    looks = (True, False, 0.0), (False, False, 1.0), (False, False, 9.0), (False, True, 10.0), (False, True, 12.0)
    assert seen(liveness.Servers(2.0), *looks) == [False, False, False, False, True]


def test_where_no_server_ever_was_nobody_yields(liveness: ModuleType) -> None:
    assert seen(liveness.Servers(2.0), (False, True, 0.0), (False, True, 100.0)) == [False, False]


def test_an_address_is_held_by_the_host_that_can_bind_it(liveness: ModuleType) -> None:
    assert liveness.holds("127.0.0.1")
    assert not liveness.holds("192.0.2.1")
    assert not liveness.holds("2001:db8::1")


def test_an_address_whose_connections_are_only_served_is_not_held(
    liveness: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A route makes it one that can be bound to: a load balancer that has no virtual IP must not yield one."""
    state = tmp_path / "lingering.json"
    state.write_text('{"virtual_ips": ["127.0.0.1"], "connections": 3, "seconds_left": 9, "before": {}}')
    assert liveness.lingers("127.0.0.1", str(state))
    assert not liveness.lingers("127.0.0.11", str(state))
    assert not liveness.lingers("127.0.0.1", str(tmp_path / "none"))
    monkeypatch.setattr(liveness, "lingers", lambda _: True)
    assert not liveness.holds("127.0.0.1")


def test_a_haproxy_that_lost_every_server_yields_for_a_moment(systemctl: Path, notify: socket.socket) -> None:
    """As a process: /live answers all the time, /ready until the servers are gone. The file says 1, then 0 again."""
    servers = [True]

    def answer(connection: socket.socket, asked: bytes) -> None:
        good = b"/live" in asked or servers[0]
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" if good else b"HTTP/1.0 503 no\r\n\r\n")

    with (
        asked_listener(answer) as port,
        # A busy machine may answer late: neither that nor the deadline must look like a loss.
        watching(
            port, systemctl, notify.getsockname(), "--vip=127.0.0.1", "--yield-delay=2", "--interval=0.5", "--deadline=60"
        ) as down,
    ):
        assert not wait_for(lambda: down.read_text() != "0\n", seconds=0.5)
        servers[0] = False
        assert wait_for(lambda: down.read_text() == "1\n")
        assert wait_for(lambda: down.read_text() == "0\n")
        assert not wait_for(lambda: down.read_text() != "0\n", seconds=0.6)


@contextmanager
def asked_listener(answer: Callable[[socket.socket, bytes], None]) -> Iterator[int]:
    """A loopback port whose answer depends on what was asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=serve_one, args=(connection,), daemon=True).start()

        def serve_one(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                if asked := connection.recv(1024):
                    answer(connection, asked)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def told(path: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    return found


def test_a_kill_is_told_to_the_metrics(systemctl: Path, notify: socket.socket, tmp_path: Path) -> None:
    state = tmp_path / "liveness.json"
    state.write_text('{"kills": 4, "yields": 2, "answered": 1.5}')
    with listener(None) as port, watching(port, systemctl, notify.getsockname(), f"--state-file={state}"):
        assert wait_for(lambda: told(state)["kills"] >= 5)
    assert told(state)["yields"] == 2


def test_answers_are_told_now_and_then(liveness: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "liveness.json"
    state = liveness.State(str(path))
    for now in (10.0, 10.1, 14.9):
        state.answered(now)
    assert told(path) == {"kills": 0, "yields": 0, "answered": 10.0}
    state.answered(15.0)
    assert told(path)["answered"] == 15.0


def test_a_yield_is_told_before_it_begins(liveness: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = tmp_path / "liveness.json", []
    options = Namespace(vip=["192.0.2.1"], port=1, interval=0.1, yield_delay=2.0)
    servers = SimpleNamespace(due=lambda *_: True, seen=lambda *_: True)
    monkeypatch.setattr(liveness, "answers", lambda *_: False)
    monkeypatch.setattr(liveness, "holds", lambda _: True)
    monkeypatch.setattr(liveness, "yield_for", lambda *_: seen.append(told(path)["yields"]))
    liveness.watch_servers(options, servers, lambda: 7.0, time.sleep, liveness.State(str(path)))
    assert seen == [1]


@pytest.mark.parametrize("found", ["", "[1]", "{}", '{"kills": null, "yields": 1}', '{"kills": "many", "yields": 1}', "half wri"])
def test_what_is_kept_badly_begins_anew(liveness: ModuleType, tmp_path: Path, found: str) -> None:
    path = tmp_path / "liveness.json"
    path.write_text(found)
    assert liveness.State(str(path)).counts == {"kills": 0, "yields": 0}


def test_a_state_that_cannot_be_kept_stops_nothing(liveness: ModuleType, tmp_path: Path) -> None:
    state = liveness.State(str(tmp_path / "away/liveness.json"))
    state.answered(1.0)
    state.count("kills", 2.0)
    assert state.counts["kills"] == 1
    liveness.State(None).count("yields", 3.0)


def test_servers_are_looked_for_at_their_own_pace(liveness: ModuleType) -> None:
    """A holder's HAProxy is asked more often than that."""
    servers = liveness.Servers(2.0)
    assert [servers.due(now, 0.25) for now in (1.0, 1.05, 1.2, 1.25, 1.3)] == [True, False, False, True, False]


def held_since(suspicion: object, second: float) -> object:
    suspicion.holds(True, second)  # type: ignore[attr-defined]
    return suspicion


def test_a_silent_holder_yields_once_for_each_silence(liveness: ModuleType) -> None:
    suspicion = held_since(liveness.Suspicion(), 0.0)
    assert [suspicion.ripe(now) for now in (10.0, 10.2, 10.9)] == [True, False, False]


def test_who_just_got_a_virtual_ip_keeps_it(liveness: ModuleType) -> None:
    suspicion = held_since(liveness.Suspicion(), 0.0)
    suspicion.holds(False, 100.0)
    assert not suspicion.ripe(100.1)
    held_since(suspicion, 200.0)
    assert [suspicion.ripe(now) for now in (204.9, 205.0)] == [False, True]


def test_a_yield_for_nothing_makes_the_next_one_wait_longer(liveness: ModuleType) -> None:
    suspicion = held_since(liveness.Suspicion(), 0.0)
    yields = []
    for tenth in range(100, 8000):
        now = tenth / 10
        if suspicion.ripe(now):
            yields.append(now)
            assert suspicion.answered(now)
    assert yields == [10.0, 40.0, 100.0, 220.0, 460.0]
    # Well for long enough, it is as at first.
    assert suspicion.ripe(2000.0)
    suspicion.answered(2000.0)
    assert [suspicion.ripe(now) for now in (2029.9, 2030.0)] == [False, True]


def test_a_yield_that_was_right_makes_nothing_wait(liveness: ModuleType) -> None:
    suspicion = held_since(liveness.Suspicion(), 0.0)
    assert suspicion.ripe(10.0)
    suspicion.killed()
    assert suspicion.answered(11.5)
    assert suspicion.ripe(17.0)


class Keeper:
    """Stands for second-chance: what it is asked, and what the watchdog's files say at that moment."""

    def __init__(self, files: tuple[Path, Path], *, passes_on: bool = True) -> None:
        self.files, self.passes_on, self.asked = files, passes_on, list[str]()
        self.prepared, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def note(self, what: str) -> None:
        down, hangs = (path.read_text().strip() for path in self.files)
        self.asked.append(f"{what}, down {down}, hangs {hangs}")

    def read_config(self, _: str) -> SimpleNamespace:
        return SimpleNamespace(window=60)

    def prepare(self, *_: object, **__: object) -> SimpleNamespace | None:
        self.note("prepare")
        self.prepared.set()
        assert self.go_on.wait(60)
        return SimpleNamespace(vips=["vip"], serve=lambda: self.note("serve")) if self.passes_on else None

    def resign_until_gone(self, _: object, wanted: Callable[[], bool]) -> None:
        assert wanted()
        self.note("resign")

    def clean(self, owner: str) -> None:
        self.note(f"clean {owner}")


@pytest.fixture
def early(liveness: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[object, Keeper]]:
    """A watchdog that has held a virtual IP for a minute."""
    monkeypatch.setattr(liveness, "LINGERING_FILE", str(tmp_path / "lingering.json"))

    def make(*, passes_on: bool = True) -> tuple[object, Keeper]:
        down, hangs = tmp_path / "down", tmp_path / "hangs"
        down.write_text("0\n")
        keeper = Keeper((down, hangs), passes_on=passes_on)
        options = Namespace(hang_file=str(hangs), hang_yield=0.1, interval=0.25, second_chance="")
        made = liveness.EarlyYield(options, keeper, liveness.State(None))
        assert made.pace(False, 0.0) == 0.25
        assert made.pace(True, 0.0) == pytest.approx(0.04)
        return made, keeper

    return make


CLEAN = "clean twinkeel-liveness.service"


def test_it_is_prepared_before_it_yields_and_yields_without_a_fault(early: Callable[..., tuple[Any, Keeper]]) -> None:
    watchdog, keeper = early()
    watchdog.silent(60.0)
    assert wait_for(lambda: len(keeper.asked) == 4)
    assert keeper.asked == [
        "prepare, down 0, hangs 0",
        "resign, down 0, hangs 1",
        "serve, down 0, hangs 1",
        f"{CLEAN}, down 0, hangs 1",
    ]
    watchdog.silent(60.3)
    watchdog.answered(60.5)
    keeper.note("after")
    assert keeper.asked[4:] == ["after, down 0, hangs 0"]
    assert watchdog.state.counts == {"kills": 0, "yields": 1}


def test_where_all_announce_the_file_alone_tells_of_it(liveness: ModuleType, tmp_path: Path) -> None:
    """twinkeel-announce follows it, and decides; an answer takes it back."""
    options = Namespace(hang_file=str(tmp_path / "hangs"), hang_yield=0.1, interval=0.25, keeper=None)
    watchdog = liveness.early_yield(options, liveness.State(None))
    assert (tmp_path / "hangs").read_text() == "0\n"
    watchdog.pace(True, 0.0)
    watchdog.silent(60.0)
    assert wait_for(lambda: (tmp_path / "hangs").read_text() == "1\n" and watchdog.state.counts["yields"] == 1)
    watchdog.answered(60.5)
    assert (tmp_path / "hangs").read_text() == "0\n"


def test_nothing_is_yielded_where_nobody_passes_on(early: Callable[..., tuple[Any, Keeper]]) -> None:
    watchdog, keeper = early(passes_on=False)
    watchdog.silent(60.0)
    assert wait_for(lambda: len(keeper.asked) == 2)
    assert keeper.asked == ["prepare, down 0, hangs 0", f"{CLEAN}, down 0, hangs 0"]
    assert watchdog.state.counts["yields"] == 0


def test_an_answer_that_comes_while_it_prepares_keeps_the_virtual_ip(early: Callable[..., tuple[Any, Keeper]]) -> None:
    watchdog, keeper = early()
    keeper.go_on.clear()
    watchdog.silent(60.0)
    assert keeper.prepared.wait(60)
    watchdog.answered(60.1)
    keeper.go_on.set()
    assert wait_for(lambda: len(keeper.asked) == 2)
    assert keeper.asked == ["prepare, down 0, hangs 0", f"{CLEAN}, down 0, hangs 0"]


def test_who_serves_connections_of_another_virtual_ip_yields_nothing_early(
    early: Callable[..., tuple[Any, Keeper]], tmp_path: Path
) -> None:
    watchdog, keeper = early()
    (tmp_path / "lingering.json").write_text("{}")
    watchdog.silent(60.0)
    assert (keeper.asked, watchdog.suspicion.yielded) == ([], None)


class Asked:
    """A question whose answer comes at a second of a clock that jumps."""

    def __init__(self, times: list[float], comes: float = 1e9, *, refused: bool = False) -> None:
        self.now, self.wakes, self.comes, self.open = 0.0, times, comes, not refused

    def clock(self) -> float:
        return self.now

    def answered_by(self, _: float) -> bool:
        self.now = self.wakes.pop(0)
        return self.now >= self.comes


@pytest.mark.parametrize(
    ("asked", "answered", "suspected"),
    [
        (Asked([0.1]), False, [0.1]),
        (Asked([0.08], comes=0.08), True, []),
        (Asked([0.4, 0.5]), False, [0.5]),  # The first time this program itself was late.
        (Asked([0.4, 0.45], comes=0.45), True, []),
        (Asked([0.4, 0.9, 1.2]), False, []),  # Late again and again: the deadline counts.
        (Asked([0.05], refused=True), False, []),  # Refused: HAProxy is dead, not silent.
    ],
)
def test_when_a_silence_counts(liveness: ModuleType, asked: Asked, answered: bool, suspected: list[float]) -> None:
    seen = list[float]()
    assert liveness.patiently(asked, 0.1, 1.0, seen.append, asked.clock) is answered
    assert seen == suspected


def test_an_answer_that_waits_while_this_program_is_late_counts(liveness: ModuleType) -> None:
    with listener(says(b"HTTP/1.0 200 OK\r\n\r\n")) as port, liveness.Question(port) as question:
        assert not question.answered_by(time.monotonic() - 1) or question.received
        time.sleep(0.5)
        assert wait_for(lambda: question.answered_by(time.monotonic() - 1))


def test_without_its_other_program_the_deadline_still_counts(
    liveness: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = Namespace(hang_yield=0.1, hang_file=str(tmp_path / "hangs"), keeper=str(tmp_path / "none"))
    assert liveness.early_yield(options, None) is None
    assert "cannot yield early" in capsys.readouterr().err
    options.keeper = str(PROGRAM.parent / "second-chance")
    assert liveness.early_yield(options, None).keeper.prepare
    options.hang_yield = None
    assert liveness.early_yield(options, None) is None
