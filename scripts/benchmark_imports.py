"""Measures what starting costs; run it with scripts/benchmark-imports. It prints Markdown."""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).parents[1]
CHECK = ("check", "-f", str(HERE / "examples/lab-home.yaml"))
# Prints the resident MiB that each package took while it was imported, without what it imported itself.
MEMORY = """
import collections, importlib._bootstrap as bootstrap
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4 / 1024
own, inner, original = collections.Counter({"Python itself": resident()}), [0.0], bootstrap._load_unlocked
def load(spec):
    before = resident()
    inner.append(0.0)
    try:
        return original(spec)
    finally:
        grown = resident() - before
        own[spec.name.partition(".")[0]] += grown - inner.pop()
        inner[-1] += grown
bootstrap._load_unlocked = load
import twinkeel.cli.main, twinkeel.cli.apply, twinkeel.app.apply, twinkeel.cli.apply_progress
for name, size in own.most_common():
    print(name, size)
"""


def builds(checkout: Path) -> dict[str, tuple[Sequence[str], str]]:
    """What is timed: a command and its PYTHONPATH, by name."""
    mine, theirs = HERE / ".venv/bin", checkout / ".venv/bin"
    found: dict[str, tuple[Sequence[str], str]] = {"empty `python3 -c pass`": ((str(mine / "python"), "-c", "pass"), "")}
    if theirs.exists():
        found["older build, its own environment"] = ((str(theirs / "twinkeel"), *CHECK), str(checkout / "src"))
    found["older build, this environment"] = ((str(mine / "twinkeel"), *CHECK), str(checkout / "src"))
    found["this build"] = ((str(mine / "twinkeel"), *CHECK), str(HERE / "src"))
    return found


def with_path(path: str) -> Mapping[str, str]:
    """Installed programs have their bytecode: where Python is told to keep none, each run would compile every module."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": path}


def timed(argv: Sequence[str], path: str) -> tuple[float, float]:
    """Milliseconds of the whole process: processor time (user and system), and on the clock."""
    environment = with_path(path)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(argv, env=environment, stdout=subprocess.DEVNULL, check=True)
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * used, 1000 * seconds


def cold(checkout: Path, runs: int) -> None:
    """`check`, in turn; a run of each before it counts fills the caches."""
    every = builds(checkout)
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in every}
    for number in range(runs + 1):
        for name, (argv, path) in every.items():
            figure = timed(argv, path)
            figures[name] += [figure] if number else []
    this = min(used for used, _ in figures["this build"])
    print("| `check`, whole process | processor ms, least | median | ms on the clock, median | this build / it |")
    print("| --- | --- | --- | --- | --- |")
    for name, found in figures.items():
        used, clock = zip(*found, strict=True)
        ratio = this / min(used)
        shown = f"{ratio:.1f} times" if name.startswith("empty") else f"{ratio:.0%}"
        print(f"| {name} | {min(used):.0f} | {statistics.median(used):.0f} | {statistics.median(clock):.0f} | {shown} |")


def memory() -> None:
    """What the modules of `apply` hold, by package."""
    argv = (str(HERE / ".venv/bin/python"), "-c", MEMORY)
    environment = with_path(str(HERE / "src"))
    subprocess.run(argv, env=environment, capture_output=True, check=True)
    lines = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
    sizes = {name: float(size) for name, _, size in (line.rpartition(" ") for line in lines)}
    print("\n| imported for `apply` | MiB |\n| --- | --- |")
    for name, size in sizes.items():
        if size >= 1:
            print(f"| {name} | {size:.1f} |")
    print(f"| {sum(size < 1 for size in sizes.values())} more | {sum(size for size in sizes.values() if size < 1):.1f} |")
    print(f"| all | {sum(sizes.values()):.1f} |")


if __name__ == "__main__":
    cold(Path(sys.argv[1]).absolute(), int(sys.argv[2]))
    memory()
