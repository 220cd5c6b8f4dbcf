"""A run of a hundred thousand events takes no more memory than one of two thousand, and loses none of them."""

import sys
import tracemalloc
from pathlib import Path

from rich.console import Console

from twinkeel.cli.kubespray_progress import PlaybookProgress
from twinkeel.kubespray.command import Invocation
from twinkeel.kubespray.playbook import run_playbook

FEW, MANY, HOSTS = 2_000, 100_000, 5
ROOM = 200_000  # Bytes: what Python itself may keep more, whatever the number of events.

GENERATOR = """
import json, sys
def out(kind, **more):
    sys.stdout.write(json.dumps({"_event": kind, "_timestamp": "2026-01-01T00:00:00Z", **more}) + "\\n")
count, hosts = int(sys.argv[1]), int(sys.argv[2])
for n in range(count):
    task = {"name": f"role : task {n // hosts}", "path": "/x/main.yml:1"}
    if n % 5000 == 0:
        out("v2_playbook_on_play_start", play={"name": f"play {n}"}, tasks=[])
    if n % hosts == 0:
        out("v2_playbook_on_task_start", task=task, hosts={})
    else:
        kind = "v2_runner_on_failed" if n % 97 == 0 else "v2_runner_on_ok"
        out(kind, task=task, hosts={f"node-{n % hosts}": {"msg": f"result {n}"}})
out("v2_playbook_on_stats", stats={f"node-{n}": {"failures": 0, "unreachable": 0} for n in range(hosts)})
"""


def peak(events: int, folder: Path) -> int:
    """The most bytes that Python had at once, beyond those at the start."""
    generator = folder / "generator.py"
    generator.write_text(GENERATOR)
    invocation = Invocation("generated", (sys.executable, str(generator), str(events), str(HOSTS)), {}, folder)
    tracemalloc.start()
    with (folder / "shown").open("w") as shown, PlaybookProgress(Console(file=shown, soft_wrap=True)) as progress:
        state = run_playbook(invocation, folder / "log", progress.show)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert state.tasks == events // HOSTS
    assert sum(sum(counts.values()) for counts in state.hosts.values()) == events - events // HOSTS
    return most


def test_memory_does_not_grow_with_the_number_of_events(tmp_path: Path) -> None:
    # The first run fills caches that later ones have.
    _, few, many = (peak(events, tmp_path) for events in (FEW, FEW, MANY))
    assert many < few + ROOM
