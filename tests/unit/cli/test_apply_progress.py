"""Progress of a change: the table at 80 columns, the plain lines and their heartbeat, the JSON events."""

import io
import json
import re
import time
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from twinkeel.cli import apply_progress
from twinkeel.cli.apply_progress import ApplyProgress
from twinkeel.cli.progress_board import Board, Row
from twinkeel.cli.progress_table import draw
from twinkeel.errors import HostError
from twinkeel.rotation.drain import RotationResult
from twinkeel.support.events import (
    Event,
    HostEnded,
    HostStarted,
    Notice,
    StepDetail,
    StepEnded,
    StepStarted,
    TaskEnded,
    TaskFailed,
    TaskStarted,
    VipMoved,
)

RESULT = RotationResult("master-1", "drained", 0, ("lb-1", "lb-2"), 1.5)

# In seconds: two hosts, the second of which fails and is put back.
STORY: list[tuple[float, Event]] = [
    (0.0, StepStarted("Validate every load balancer's candidate files")),
    (0.5, TaskStarted("packages : See")),
    (0.6, TaskEnded("lb-1", "packages : See", changed=False)),
    (2.0, StepEnded("Validate every load balancer's candidate files", "accepted", 2.0)),
    (2.0, StepStarted("Configure the load balancers")),
    (2.1, HostStarted("lb-2", "reload haproxy", ("/etc/haproxy/haproxy.cfg",))),
    (2.5, TaskStarted("Bring HAProxy to its files (reload)")),
    (3.0, TaskEnded("lb-2", "Replace the files that differ", changed=True)),
    (4.1, HostEnded("lb-2", "done", 2.0)),
    (4.2, VipMoved("192.168.1.110", "lb-1", "lb-2", 0.021)),
    (4.2, HostStarted("lb-1", "reload haproxy")),
    (5.0, TaskFailed("lb-1", "Prove that it serves", "it does not serve\nat all")),
]


def board(until: float) -> Board:
    made = Board(hosts={name: Row(name) for name in ("lb-1", "lb-2")})
    for at, event in STORY:
        if at <= until:
            made.take(event, at)
    return made


def drawn(shown: Board, now: float, width: int = 80) -> list[str]:
    console = Console(width=width, file=io.StringIO(), force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(draw("apply lab-home", shown, now, width))
    return [line.rstrip() for line in captured.get().splitlines()]


def line_of(lines: list[str], name: str) -> str:
    (line,) = [line for line in lines if line.startswith(name)]
    return re.sub(" +", " ", line)


def test_a_host_waits_until_it_is_worked_on() -> None:
    lines = drawn(board(3.5), 3.5)
    assert lines[0] == "apply lab-home   1 steps done, 0 of 2 hosts done, 4 s"
    assert line_of(lines, "lb-1") == "lb-1 waiting"
    assert line_of(lines, "lb-2") == "lb-2 working Bring HAProxy to its files (reload) 1.4 s"
    assert line_of(lines, "Configure") == "Configure the load balancers working Bring HAProxy to it… 1.5 s"


def test_a_failure_says_where_and_why() -> None:
    failed = board(5.0)
    failed.stop(6.0)
    lines = drawn(failed, 6.0)
    assert line_of(lines, "lb-1") == "lb-1 failed Prove that it serves: it does not serve 0.8 s"
    assert line_of(lines, "lb-2") == "lb-2 done 1 changed 2.0 s"
    assert line_of(lines, "Configure") == "Configure the load balancers failed Bring HAProxy to it… 4.0 s"


@pytest.mark.parametrize("width", [60, 80, 132])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = drawn(board(5.0), 5.0, width)
    assert max(map(len, lines)) <= width
    # One row for each step and host, the headings and the empty line: nothing is folded.
    assert len(lines) == 1 + 3 + 1 + 3


def plain(monkeypatch: pytest.MonkeyPatch) -> tuple[ApplyProgress, io.StringIO]:
    monkeypatch.setattr(apply_progress, "SILENCE", 0.05)
    output = io.StringIO()
    return ApplyProgress("drain master-1", console=Console(file=output, width=200, soft_wrap=True, highlight=False)), output


def test_without_a_terminal_each_event_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    progress, output = plain(monkeypatch)
    with progress:
        for _, event in STORY:
            progress.show(event)
        progress.show(Notice("[read] this"))
    assert output.getvalue().splitlines() == [
        "Validate every load balancer's candidate files ...",
        "  done Validate every load balancer's candidate files: accepted (2.0 s)",
        "Configure the load balancers ...",
        "  lb-2: reload haproxy",
        "    changed lb-2: Replace the files that differ",
        "  done lb-2 (2.0 s)",
        "    moved 192.168.1.110 from lb-1 to lb-2 (0.02 s)",
        "  lb-1: reload haproxy",
        "    failed  lb-1: Prove that it serves: it does not serve",
        "NOTE [read] this",
    ]


def test_without_a_terminal_it_is_never_silent_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    progress, output = plain(monkeypatch)
    end = time.monotonic_ns() + 60_000_000_000
    with progress:
        progress.show(StepStarted("Wait"))
        progress.show(StepDetail("3 connections"))
        while "still Wait: 3 connections" not in output.getvalue():
            assert time.monotonic_ns() < end
            time.sleep(0.02)


def test_json_is_one_object_a_line_and_nothing_else(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    with ApplyProgress("drain master-1", as_json=True, log=log) as progress:
        for _, event in STORY:
            progress.show(event)
        progress.finish(RESULT, "a sentence")
    out, err = capsys.readouterr()
    records = [json.loads(line) for line in out.splitlines()]
    assert err == ""
    assert [record["event"] for record in records][:4] == ["step-started", "task-started", "task-ended", "step-ended"]
    assert records[-1].items() >= {"event": "result", "node": "master-1", "state": "drained", "log": str(log)}.items()
    assert all(isinstance(record["at"], float) for record in records)


def test_an_error_is_json_too_and_names_the_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    with pytest.raises(HostError), ApplyProgress("apply", as_json=True, log=log):
        raise HostError("it broke", where="lb-1", hint="mend it")
    (line,) = capsys.readouterr().out.splitlines()
    record = json.loads(line)
    assert record.pop("at") >= 0
    assert record == {"event": "error", "what": "it broke", "where": "lb-1", "hint": "mend it", "exit_code": 3, "log": str(log)}


def test_a_person_gets_the_sentence_and_the_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    with ApplyProgress("apply", log=log, console=Console(file=io.StringIO())) as progress:
        progress.finish(RESULT, "it is done")
    assert capsys.readouterr().out == f"it is done\nlog: {log}\n"


def test_every_event_and_its_fields_are_documented() -> None:
    text = (Path(__file__).parents[3] / "docs/changing.md").read_text()
    table = dict(re.findall(r"^\| (`[^|]+) \|(.+)\|$", text, re.MULTILINE))
    for kind in get_args(Event):
        name = "note" if kind is Notice else re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()
        (row,) = [told for names, told in table.items() if f"`{name}`" in names]
        assert all(f"`{item.name}`" in row for item in fields(kind)), name
    assert all(any(f"`{name}`" in names for names in table) for name in ("result", "error"))
