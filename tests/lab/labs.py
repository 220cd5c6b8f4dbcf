"""How lab tests make labs and run commands in them."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twinkeel.lab.model import LabLayout, LabPaths
from twinkeel.lab.state import load_layout, paths_of

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EXAMPLE = ROOT / "examples" / "lab-home.yaml"
TWINKEEL = str(Path(sys.executable).parent / "twinkeel")
UP_DEADLINE = 1800
COMMAND_DEADLINE = 600
PERIOD_MS = 25
KEEP = os.environ.get("TWINKEEL_TEST_KEEP") == "1"

Ended = subprocess.CompletedProcess[str]


def twinkeel(*argv: str, stdin: str | None = None, timeout: float = COMMAND_DEADLINE) -> Ended:
    """Run the command line as a person would, without a terminal and without a spec in the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWINKEEL_")}
    feed: dict[str, Any] = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    return subprocess.run(
        [TWINKEEL, *argv], capture_output=True, text=True, timeout=timeout, check=False, env=environment, cwd=ROOT, **feed
    )


@dataclass(frozen=True)
class Lab:
    """A lab that is up."""

    name: str
    paths: LabPaths
    layout: LabLayout
    interfaces_before: tuple[str, ...] = field(default=())

    def run(self, host: str, argv: Sequence[str], stdin: str | None = None) -> Ended:
        """Run a command in a host as `twinkeel lab exec` does."""
        return twinkeel("lab", "exec", "--name", self.name, host, "--", *argv, stdin=stdin)

    def drill(self, folder: Path, *words: str) -> Ended:
        """`twinkeel drill run` in the client, as JSON; again, twice at most, while a busy machine held its client up (unknown).

        New connections come every `PERIOD_MS`: CI's machine may have half of the processor time that they take every 10 ms.
        """
        for attempt in range(3):
            argv = ["drill", "run", *words, "--period", str(PERIOD_MS), "--format", "json", "-o", str(folder / f"run-{attempt}")]
            ended = self.run("client", ["twinkeel", *argv])
            if '"unknown"' not in ended.stdout:
                break
        return ended

    def command(self, name: str, *argv: str) -> Ended:
        """`twinkeel lab NAME` for this lab; it must succeed."""
        ended = twinkeel("lab", name, "--name", self.name, *argv)
        assert ended.returncode == 0, ended.stderr
        return ended


def network_of_this_machine() -> tuple[str, ...]:
    """Interfaces and routes of the root namespace."""
    return (*sorted(os.listdir("/sys/class/net")), *Path("/proc/net/route").read_text().splitlines())


def make_lab(name: str, spec: Path, *options: str) -> Iterator[Lab]:
    before = network_of_this_machine()
    if not (KEEP and paths_of(name).layout_file.exists()):
        twinkeel("lab", "down", "--name", name)
        ended = twinkeel("lab", "up", "--name", name, "-f", str(spec), *options, timeout=UP_DEADLINE)
        assert ended.returncode == 0, ended.stderr
    yield Lab(name, paths_of(name), load_layout(paths_of(name)), before)
    take_down(name)


def take_down(name: str) -> None:
    """Unless it is to be kept, or down already."""
    if not KEEP and paths_of(name).layout_file.exists():
        ended = twinkeel("lab", "down", "--name", name)
        assert ended.returncode == 0, ended.stderr
