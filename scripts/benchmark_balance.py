"""Each algorithm of `haproxy.balance`: faults of API servers in a lab, and where new connections go. Prints Markdown.

Run it with scripts/benchmark-balance, which says what the arguments are. Trials that could not be judged are shown as such. An
interrupted run goes on where it was when it is given the same folder.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

from lab_benchmark import lab_of, run_inside
from ruamel.yaml import YAML

from twinkeel.render.haproxy import BALANCES

LAB = "balance"
SPEC = """\
name: lab-balance
domain: lab-home.com
endpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101, master-2: 192.168.1.103, master-3: 192.168.1.105}
kubernetes: {network_plugin: calico}
"""
FAULTS = ("api-server-stop", "api-server-kill", "api-server-hang", "control-plane-power-loss")
# A new connection that was reset or closed met the fault; one that was late may have met a busy machine.
HEADINGS = (
    "fault",
    "balance",
    "trials",
    "downtime ms, median / max",
    "broken a trial, median / max",
    "late a trial",
    "load, 1 min",
)

WATCHES, NEW = 300, 300
RUNS = 5
FREEING = 0.05
"""Seconds for which a killed process's port still takes connections, with some 600 MB of memory (docs/benchmarks.md)."""

MET = {
    "stop": "one of three stops, and serves on: of 300 new connections in 3 s it gets",
    "kill": "one of three is killed: of 300 new connections in 3 s are lost",
    "hang": "one of three hangs: of 300 new connections in 3 s are not answered in 250 ms",
    "lost": "one of three is gone with its host: of 300 new connections in 3 s are not answered in 250 ms",
}
HAPROXY = """\
global
    maxconn 2000
    stats socket {folder}/socket mode 600 level admin
defaults
    mode tcp
    timeout connect 750ms
    timeout client 1h
    timeout server 1h
    option redispatch 1
    retries 3
frontend api
    bind 127.0.0.1:{port}
    default_backend api
backend api
    balance {balance}
    option httpchk GET /readyz
    timeout check 2s
    default-server check inter 1s fastinter 250ms fall 2 rise 3 slowstart 5s
{servers}
"""


def main() -> None:
    """Measure what is not measured yet, then print both tables."""
    trials, folder, faults = _arguments(sys.argv[1:])
    missing = {balance: [fault for fault in faults if not _result(folder, balance, fault).exists()] for balance in BALANCES}
    if any(missing.values()):
        with lab_of(SPEC, LAB, folder):
            for balance, left in missing.items():
                _measure(balance, left, trials, folder)
    results = [
        (balance, fault, json.loads(_result(folder, balance, fault).read_text())) for fault in faults for balance in BALANCES
    ]
    print(_table(HEADINGS, [_row(*result) for result in results]))
    if faults == FAULTS:
        print()
        print(_table(("three servers, 30 connections on each unless told", *BALANCES), _shares()))
    print(f"histories: {folder}", file=sys.stderr)


def _arguments(given: Sequence[str]) -> tuple[int, Path, Sequence[str]]:
    trials = int(given[0]) if given and given[0].isdecimal() else 0 if given else 3
    if trials < 1:
        print("usage: scripts/benchmark-balance [TRIALS [FOLDER [FAULT...]]]", file=sys.stderr)
        sys.exit(2)
    folder = Path(given[1] if len(given) > 1 else tempfile.mkdtemp(prefix="twinkeel-balance-")).absolute()
    return trials, folder, given[2:] or FAULTS


def _result(folder: Path, balance: str, fault: str) -> Path:
    return folder / f"{balance}-{fault}.json"


def _inside(host: str, *argv: str, good: tuple[int, ...] = (0,)) -> str:
    return run_inside(LAB, host, *argv, good=good)


def _measure(balance: str, missing: Sequence[str], trials: int, folder: Path) -> None:
    """Trials of each fault, as their JSON says; an exit code of 1 is an answer, too."""
    if not missing:
        return
    spec = folder / f"{balance}.yaml"
    yaml = YAML()
    document = yaml.load(Path(_inside("client", "printenv", "TWINKEEL_FILE").strip()))
    document["haproxy"] = {"balance": balance}
    yaml.dump(document, spec)
    _inside("operator", "twinkeel", "apply", "-f", str(spec))
    for fault in missing:
        print(f"{balance}, {fault} ...", file=sys.stderr, flush=True)
        histories = tempfile.mkdtemp(prefix=f"{balance}-{fault}-", dir=folder)
        drill = (
            "twinkeel",
            "drill",
            "run",
            fault,
            "--trials",
            str(trials),
            "-f",
            str(spec),
            "--format",
            "json",
            "-o",
            f"{histories}/run",
        )
        found = [json.loads(line) for line in _inside("client", *drill, good=(0, 1)).splitlines()]
        _result(folder, balance, fault).write_text(json.dumps({"trials": found, "load": os.getloadavg()[0]}))


def _row(balance: str, fault: str, result: dict[str, Any]) -> tuple[str, ...]:
    proved = [trial for trial in result["trials"] if trial["verdict"] != "unknown" and trial["downtime_ms"] is not None]
    if not proved:
        return (fault, balance, "0", *["unknown"] * 3, f"{result['load']:.0f}")
    errors = [next(each["errors"] for each in trial["streams"] if each["stream"] == "new") for trial in proved]
    broken = [each.get("reset", 0) + each.get("closed", 0) for each in errors]
    unknown = len(result["trials"]) - len(proved)
    return (
        fault,
        balance,
        f"{len(proved)}" + (f" ({unknown} unknown)" if unknown else ""),
        _middle_and_most([trial["downtime_ms"] for trial in proved]),
        _middle_and_most(broken),
        _middle_and_most([each.get("timeout", 0) for each in errors]),
        f"{result['load']:.0f}",
    )


def _middle_and_most(values: Sequence[float]) -> str:
    return f"{median(values):.0f} / {max(values):.0f}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, ("---",) * len(headings), *rows))


def _shares() -> list[tuple[str, ...]]:
    """What each algorithm does to new connections, by situation."""
    rows = [
        (what, *(f"{median(_meet(words, fault) for _ in range(RUNS)):g}" for words in BALANCES.values()))
        for fault, what in MET.items()
    ]
    piled, back = [_piled_up(words) for words in BALANCES.values()], [_rebooted(words) for words in BALANCES.values()]
    return [
        *rows,
        ("300 watches are on two of three servers: of 300 new ones the third gets (200 makes it even)", *map(str, piled)),
        ("a server is back from a reboot, the others have 150 each: of 300 new ones in its first 5 s it gets", *map(str, back)),
    ]


class _Server:
    """A server on the loopback that answers checks, and keeps and counts the connections of clients until they end."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self.port = self.listener.getsockname()[1]
        self.kept: list[socket.socket] = []
        self.fault = ""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while self.fault not in ("hang", "lost"):
                connection, _ = self.listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        if self.fault == "kill":
            _reset(connection)
            return
        with suppress(OSError):
            said = connection.recv(100)
            if self.fault in ("hang", "lost"):
                return
            if said.startswith(b"GET"):
                connection.sendall(b"HTTP/1.0 %s\r\n\r\n" % (b"500 no" if self.fault else b"200 yes"))
                connection.close()
            elif said:
                self.kept.append(connection)
                connection.sendall(b"y")
                while connection.recv(100):
                    pass
                connection.close()

    def begin(self, fault: str) -> None:
        """Of one of these kinds.

        stop: not ready, its connections end, new ones are served. kill: connections are reset, and so are new ones while the kernel
        frees the memory; then the port refuses. hang: the kernel takes connections, nobody reads. lost: not even that.
        """
        self.fault = fault
        if fault in ("stop", "kill"):
            for connection in self.kept:
                _reset(connection)
        self.before = len(self.kept)
        if fault == "kill":
            threading.Timer(FREEING, self.listener.close).start()
        if fault == "lost":
            self.listener.listen(0)
            socket.create_connection(("127.0.0.1", self.port)).settimeout(0)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Another thread may wait for it: closing alone would wait for that.
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()


def _meet(words: str, fault: str) -> int:
    """How many of 300 new connections in 3 s are answered badly or late (stop: how many go to the server that stops)."""
    with _haproxy(words) as (port, servers, _):
        held = _open(port, 90)
        servers[2].begin(fault)
        bad: list[bool] = []
        threads = [threading.Thread(target=lambda: bad.append(not _served(port)), daemon=True) for _ in range(NEW)]
        for thread in threads:
            thread.start()
            time.sleep(3 / NEW)
        for thread in threads:
            thread.join(10)
        del held
        return len(servers[2].kept) - servers[2].before if fault == "stop" else sum(bad)


def _served(port: int) -> bool:
    """A short request, as kubectl's: answered within 250 ms."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.25) as connection:
            connection.sendall(b"x")
            return connection.recv(1) == b"y"
    except OSError:
        return False


@contextmanager
def _haproxy(words: str) -> Iterator[tuple[int, list[_Server], Path]]:
    servers = [_Server() for _ in range(3)]
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as free:
        folder, port = Path(name), free.getsockname()[1]
        free.close()
        lines = "\n".join(f"    server s{number} 127.0.0.1:{each.port}" for number, each in enumerate(servers, 1))
        (folder / "haproxy.cfg").write_text(HAPROXY.format(folder=folder, port=port, balance=words, servers=lines))
        process = subprocess.Popen(["/usr/sbin/haproxy", "-db", "-f", str(folder / "haproxy.cfg")], stderr=subprocess.DEVNULL)
        try:
            time.sleep(1.5)  # Every server was checked once.
            yield port, servers, folder / "socket"
        finally:
            process.kill()
            process.wait()


def _command(path: Path, command: str) -> None:
    with socket.socket(socket.AF_UNIX) as admin:
        admin.connect(str(path))
        admin.sendall(command.encode() + b"\n")
        while admin.recv(4096):
            pass


def _open(port: int, count: int, pause: float = 0.0) -> list[socket.socket]:
    """Connections that stay, as watches do."""
    opened = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(b"x")
        connection.recv(1)
        opened.append(connection)
        time.sleep(pause)
    return opened


def _piled_up(words: str) -> int:
    """The third server was away while clients opened their watches; now it is back for long, and clients open as many more."""
    with _haproxy(words) as (port, servers, admin):
        _command(admin, "set server api/s3 state maint")
        held = _open(port, WATCHES)
        _command(admin, "set server api/s3 state ready")
        time.sleep(8)  # Its slow start is over.
        before = len(servers[2].kept)
        held += _open(port, NEW)
        return len(servers[2].kept) - before


def _rebooted(words: str) -> int:
    """The third server is back from now on; clients open 60 connections a second."""
    with _haproxy(words) as (port, servers, admin):
        _command(admin, "set server api/s3 state maint")
        held = _open(port, WATCHES)
        _command(admin, "set server api/s3 state ready")
        held += _open(port, NEW, pause=5 / NEW)
        return len(servers[2].kept)


if __name__ == "__main__":
    main()
