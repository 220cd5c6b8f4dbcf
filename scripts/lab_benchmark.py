"""What the benchmarks in a lab share: Twinkeel's own command line, run as a user runs it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
TWINKEEL = str(Path(sys.executable).parent / "twinkeel")


def run(*argv: str, good: tuple[int, ...] = (0,)) -> str:
    """What a command of Twinkeel printed. Exits when it ends with another code than a good one."""
    ended = subprocess.run([TWINKEEL, *argv], capture_output=True, text=True, check=False, cwd=ROOT)
    if ended.returncode not in good:
        sys.exit(f"{' '.join(argv)} ended with {ended.returncode}:\n{ended.stderr[-2000:]}")
    return ended.stdout


def run_inside(lab: str, host: str, *argv: str, good: tuple[int, ...] = (0,)) -> str:
    """The same of a command on one of a lab's hosts."""
    return run("lab", "exec", "--name", lab, host, "--", *argv, good=good)


@contextmanager
def lab_of(spec: str, name: str, folder: Path) -> Iterator[None]:
    """A lab of a spec's text, kept in `folder`, with the Kubernetes that TWINKEEL_KUBERNETES names; taken down at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "twinkeel.yaml"
    file.write_text(spec)
    programs = os.environ.get("TWINKEEL_KUBERNETES")
    run("lab", "up", "--name", name, "-f", str(file), *(("--kubernetes", programs) if programs else ()))
    try:
        yield
    finally:
        run("lab", "down", "--name", name)
