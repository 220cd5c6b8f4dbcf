"""Status of simulated clusters over real SSH and HTTPS: a folder at once, hosts that hang or go, and connections that are kept."""

import fcntl
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="network namespaces need root")
FLEET = Path(__file__).with_name("fleet.py")
TWINKEEL = [sys.executable, "-m", "twinkeel"]
PATIENCE = 60


@contextmanager
def fleet(folder: Path, count: int) -> Iterator[list[str]]:
    """What goes before a command so that it reaches the fleet."""
    command = ["sh", "-c", 'touch "$0" && exec cat', str(folder / "ready")]
    argv = ["unshare", "--net", "--", sys.executable, str(FLEET), str(folder), str(count), *command]
    running = subprocess.Popen(argv, stdin=subprocess.PIPE)
    try:
        until((folder / "ready").exists)
        yield ["nsenter", "--net", f"--target={running.pid}", "--"]
    finally:
        running.communicate(b"", timeout=PATIENCE)


def until(true: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.05)


def ask(enter: list[str], *words: str) -> tuple[int, str]:
    ended = subprocess.run([*enter, *TWINKEEL, *words], capture_output=True, text=True, timeout=300, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def test_a_folder_of_clusters_with_one_that_hangs_and_one_that_is_gone(tmp_path: Path) -> None:
    with fleet(tmp_path, 5) as enter:
        (tmp_path / "is/hung/10.77.2.11").touch()
        for host in (11, 12, 21, 22, 23, 10):
            (tmp_path / f"is/gone/10.77.4.{host}").touch()
        code, out = ask(enter, "status", "-f", str(tmp_path / "clusters"), "--format", "json")
        told = {each["name"]: each for each in json.loads(out)["clusters"]}
        assert (code, [each["exit_code"] for each in told.values()]) == (3, [0, 1, 0, 3, 0])
        assert [each["vrrp_state"] for each in told["cluster-02"]["result"]["load_balancers"]] == ["UNREACHABLE", "BACKUP"]
        assert told["cluster-02"]["result"]["control_plane"] == [{"name": f"cp-{n}", "ready": True} for n in (1, 2, 3)]
        two = [word for n in (1, 4) for word in ("-f", str(tmp_path / f"clusters/cluster-0{n}.yaml"))]
        for command in ("plan", "audit", "preflight"):
            code, out = ask(enter, command, *two)
            assert code == 3, out
            assert "this is a defect in Twinkeel" not in out
            assert "2 clusters: 0 good, 2 not (exit code 3)" in out


def test_a_watch_keeps_its_connections_and_survives_hosts_that_come_and_go(tmp_path: Path) -> None:
    log = tmp_path / "connections.log"
    with fleet(tmp_path, 1) as enter:
        spec = str(tmp_path / "clusters/cluster-01.yaml")
        watch = subprocess.Popen(
            [*enter, *TWINKEEL, "status", "--watch", "--format", "json", "-f", spec], stdout=subprocess.PIPE, text=True
        )
        assert watch.stdout

        def holder() -> list[str]:
            assert watch.stdout
            return list(json.loads(watch.stdout.readline())["vips"][0]["holders"])

        try:
            assert [holder() for _ in range(4)] == [["lb-1"]] * 4
            seen = Counter(log.read_text().splitlines())
            assert {count for place, count in seen.items() if place.startswith("ssh")} == {1}
            assert {count for place, count in seen.items() if place.startswith("https 10.77.1.2")} == {1}
            assert seen["https 10.77.1.10"] > 1, "through the virtual IP each question is a new connection"
            (tmp_path / "is/gone/10.77.1.11").touch()
            (tmp_path / "is/holder/1").write_text("10.77.1.12")
            until(lambda: holder() == ["lb-2"])
            (tmp_path / "is/gone/10.77.1.11").unlink()
            until(lambda: json.loads(watch.stdout.readline())["healthy"] if watch.stdout else None)
        finally:
            watch.send_signal(signal.SIGINT)
            watch.stdout.close()
        assert watch.wait(timeout=PATIENCE) in (0, 3)


def test_on_a_terminal_it_is_a_page_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with fleet(tmp_path, 2) as enter:
        pid, terminal = pty.fork()
        if pid == 0:
            argv = [*enter, *TWINKEEL, "status", "--watch", "-f", str(tmp_path / "clusters")]
            os.execvp(argv[0], argv)  # noqa: S606
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        said = b""
        while b"2 clusters, 2 healthy" not in said:
            said += os.read(terminal, 65536)
        assert b"\x1b[?1049h" in said
        # As a terminal does it: the key, not a signal.
        os.write(terminal, b"\x03")
        try:
            while more := os.read(terminal, 65536):
                said += more
        except OSError:
            pass
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        after = said.rpartition(b"\x1b[?1049l")[2]
        assert b"\x1b[?25h" in said.rpartition(b"\x1b[?25l")[2], "the cursor is shown again"
        assert b"2 clusters: 2 good, 0 not (exit code 0)" in after, "what was seen last stays"
        assert b"Traceback" not in said
