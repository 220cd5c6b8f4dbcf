"""Each algorithm of `haproxy.balance`: faults of API servers in a lab, and where new connections go. Prints Markdown.

Run it with scripts/benchmark-balance, which says what the arguments are. Trials that could not be judged are shown as such. An
interrupted run goes on where it was when it is given the same folder.
"""

import json
import os
import socket
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

from ruamel.yaml import YAML

from twinkeel.render.haproxy import BALANCES

ROOT = Path(__file__).parent.parent
TWINKEEL = str(Path(sys.executable).parent / "twinkeel")
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
HEADINGS = ("fault", "balance", "trials", "downtime ms, median / max", "failed a trial", "after a retry", "load, 1 min")

WATCHES, NEW = 300, 300
HAPROXY = """\
global
    maxconn 2000
    stats socket {folder}/socket mode 600 level admin
defaults
    mode tcp
    timeout connect 1s
    timeout client 1h
    timeout server 1h
    option redispatch 1
    retries 3
frontend api
    bind 127.0.0.1:{port}
    default_backend api
backend api
    balance {balance}
    default-server check inter 1s fastinter 250ms fall 2 rise 3 slowstart 5s
{servers}
"""


def main() -> None:
    """Measure what is not measured yet, then print both tables."""
    trials, folder, faults = _arguments(sys.argv[1:])
    missing = {balance: [fault for fault in faults if not _result(folder, balance, fault).exists()] for balance in BALANCES}
    if any(missing.values()):
        with _lab(folder):
            for balance, left in missing.items():
                _measure(balance, left, trials, folder)
    results = [
        (balance, fault, json.loads(_result(folder, balance, fault).read_text())) for fault in faults for balance in BALANCES
    ]
    print(_table(HEADINGS, [_row(*result) for result in results]))
    if faults == FAULTS:
        print()
        print(_table(("new connections of 300", *BALANCES), _shares()))
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


@contextmanager
def _lab(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / "twinkeel.yaml"
    spec.write_text(SPEC)
    programs = os.environ.get("TWINKEEL_KUBERNETES")
    _run("lab", "up", "--name", LAB, "-f", str(spec), *(("--kubernetes", programs) if programs else ()))
    try:
        yield
    finally:
        _run("lab", "down", "--name", LAB)


def _run(*argv: str, good: tuple[int, ...] = (0,)) -> str:
    """What a command printed. Exits when it ends with another code than a good one."""
    ended = subprocess.run([TWINKEEL, *argv], capture_output=True, text=True, check=False, cwd=ROOT)
    if ended.returncode not in good:
        sys.exit(f"{' '.join(argv)} ended with {ended.returncode}:\n{ended.stderr[-2000:]}")
    return ended.stdout


def _inside(host: str, *argv: str, good: tuple[int, ...] = (0,)) -> str:
    return _run("lab", "exec", "--name", LAB, host, "--", *argv, good=good)


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
    times = [trial["downtime_ms"] for trial in proved]
    unknown = len(result["trials"]) - len(proved)
    return (
        fault,
        balance,
        f"{len(proved)}" + (f" ({unknown} unknown)" if unknown else ""),
        f"{median(times):.0f} / {max(times):.0f}" if times else "unknown",
        " / ".join(f"{of(trial['failed'] for trial in proved):.0f}" for of in (median, max)) if proved else "unknown",
        f"{sum(trial['failed_after_retry'] or 0 for trial in proved)}",
        f"{result['load']:.0f}",
    )


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, ("---",) * len(headings), *rows))


def _shares() -> list[tuple[str, ...]]:
    """How many of 300 new connections one of three servers gets while it has fewer than the others."""
    piled, back = [_piled_up(words) for words in BALANCES.values()], [_rebooted(words) for words in BALANCES.values()]
    return [
        ("300 watches are on two of three servers: the third gets (200 makes it even)", *map(str, piled)),
        ("a server is back from a reboot, the others have 150 each: it gets in its first 5 s", *map(str, back)),
    ]


class _Server:
    """A server on the loopback that takes connections, keeps them, and counts them."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self.port = self.listener.getsockname()[1]
        self.kept: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._keep, args=(connection,), daemon=True).start()

    def _keep(self, connection: socket.socket) -> None:
        """Who says something is a client; HAProxy's checks say nothing."""
        with suppress(OSError):
            if connection.recv(1):
                self.kept.append(connection)
                connection.sendall(b"y")


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
            time.sleep(3)  # Servers are up, and no longer in their slow start.
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
