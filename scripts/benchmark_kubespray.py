"""What the wrapper of Kubespray's playbooks costs: start, time per event, memory. Prints figures; exits 1 when one is too high.

A child program writes a generated stream of 100,000 events as fast as it can; the wrapper reads, shows and logs it. The share of
run time is the cost of one event times the events of a real run, by its seconds. The budget is 3 %. Run it with
scripts/benchmark-kubespray.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from twinkeel.cli.kubespray_progress import PlaybookProgress
from twinkeel.kubespray.command import Invocation
from twinkeel.kubespray.playbook import run_playbook

EVENTS = 100_000
HOSTS = 5
# The fastest real run that we know: 3 control-plane hosts and 2 workers in a lab on 2 processors, 505 s. About 714 tasks and as
# many results on each of 5 hosts: a bound, since no play has all hosts.
REAL_SECONDS, REAL_EVENTS = 505.0, 714 * 6
SMALL = 10_000

GENERATOR = """
import json, sys
count, hosts = int(sys.argv[1]), int(sys.argv[2])
pad = "x" * 1500
stamp = "2026-01-01T00:00:00Z"
def out(kind, **more):
    sys.stdout.write(json.dumps({"_event": kind, "_timestamp": stamp, **more}, separators=(",", ":")) + "\\n")
for n in range(count):
    task = {"name": f"role : task {n // hosts}", "id": str(n), "path": "/x/main.yml:1"}
    if n % 5000 == 0:
        out("v2_playbook_on_play_start", play={"name": f"play {n}"}, tasks=[])
    if n % hosts == 0:
        out("v2_playbook_on_task_start", task=task, hosts={})
    else:
        out("v2_runner_on_ok", task=task, hosts={f"node-{n % hosts}": {"changed": n % 3 == 0, "stdout": pad, "token": "abc"}})
out("v2_playbook_on_stats", stats={f"node-{n}": {"failures": 0, "unreachable": 0, "ok": 1} for n in range(hosts)})
"""


def measure(events: int, folder: Path) -> tuple[float, float]:
    """Seconds of our own processor time, and of the wall."""
    generator = folder / "generator.py"
    generator.write_text(GENERATOR)
    invocation = Invocation("generated", (sys.executable, str(generator), str(events), str(HOSTS)), {}, folder)
    with (folder / "shown").open("w") as shown, PlaybookProgress(Console(file=shown, soft_wrap=True)) as progress:
        began, used = time.monotonic_ns(), time.process_time_ns()
        state = run_playbook(invocation, folder / "log", progress.show)
        wall, own = (time.monotonic_ns() - began) / 1e9, (time.process_time_ns() - used) / 1e9
    if state.tasks != events // HOSTS:
        sys.exit(f"lost events: {state.tasks} tasks")
    return own, wall


def peak_mib() -> float:
    """The most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def start_seconds(folder: Path) -> tuple[float, float]:
    """From the command to the moment when ansible-playbook begins, without the preflight; the median of five runs.

    And the processor time of a whole such run, the least of five: what else the machine does is hardly in it.
    In the place of ansible-playbook stands a program that notes when it began.
    """
    release = folder / "twinkeel" / "kubespray" / "v2.31.0"
    programs = release / "environment" / "bin"
    programs.mkdir(parents=True)
    (release / "checkout").mkdir()
    (release / "complete.json").write_text("{}")
    noted = folder / "noted"
    program = programs / "ansible-playbook"
    program.write_text(f"#!{sys.executable} -SE\nimport time\nopen({str(noted)!r}, 'w').write(str(time.monotonic_ns()))\n")
    program.chmod(0o755)
    spec = Path(__file__).parents[1] / "examples" / "lab-home.yaml"
    options = ["--skip-preflight", "--no-apply", "-f", str(spec)]
    argv = [str(Path(sys.executable).with_name("twinkeel")), "kubespray", "run", *options]
    runs, used = [], []
    for _ in range(5):
        began, before = time.monotonic_ns(), processor_seconds()
        subprocess.run(argv, check=True, capture_output=True, env={**os.environ, "XDG_DATA_HOME": str(folder)})
        runs.append((int(noted.read_text()) - began) / 1e9)
        used.append(processor_seconds() - before)
    return sorted(runs)[len(runs) // 2], min(used)


def processor_seconds() -> float:
    """Of all children that ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure, print, and end with 1 when a target is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start, start_processor = start_seconds(folder)
        measure(SMALL, folder)
        before = peak_mib()
        own, wall = measure(EVENTS, folder)
        growth = peak_mib() - before
    share = own / EVENTS * REAL_EVENTS / REAL_SECONDS
    figures = {
        "start_seconds": round(start, 3),
        "start_processor_seconds": round(start_processor, 3),
        "microseconds_per_event": round(own / EVENTS * 1e6, 1),
        "events_per_second": round(EVENTS / wall),
        "share_of_run_time_percent": round(share * 100, 3),
        "memory_mib": round(before, 1),
        "memory_growth_mib": round(growth, 1),
    }
    print(json.dumps(figures, indent=1))
    sys.exit(0 if start <= 1 and share <= 0.03 and growth <= 5 else 1)


if __name__ == "__main__":
    main()
