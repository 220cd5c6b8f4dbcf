"""From histories to one table: medians and maxima, what never ended, and no figure that was not measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from twinkeel.bench.results import RunMetadata, Tried, all_measured, read_columns, summarize, write_metadata
from twinkeel.bench.table import as_markdown, as_object, cell, open_cell, remarks, rows
from twinkeel.cli.main import cli
from twinkeel.drill.checker import Answer, Verdict
from twinkeel.drill.facts import RunFacts, read_facts
from twinkeel.drill.history import EVENTS_FILE, MILLISECOND, REQUESTS_FILE, SECOND, End, Event, HistoryWriter, Probe, Request
from twinkeel.drill.stream_results import StreamResult
from twinkeel.drill.streams import HTTP2, KINDS, NEW
from twinkeel.drill.trial import Trial
from twinkeel.drill.watch_verdict import WatchVerdict
from twinkeel.errors import UsageError

FACTS = RunFacts("lab", "2026-11-22 21:00 UTC", "0.1.0", {"HAProxy": "2.6.12", "profile": "fast"}, "")


def tried(downtime: float | None, verdict: Answer = "fail", failed: int = 5, *, gave_up: bool = False) -> Tried:
    return Tried(Trial("power-loss", 1, "lb-1", "lb-2", Verdict(verdict, downtime, 100, failed, None, None, 50, ())), gave_up)


NEVER = tried(45000, gave_up=True)
CELLS = {
    "31 / 33": [tried(33), tried(31), tried(30)],
    "> 45 s": [NEVER, NEVER, tried(30)],
    "30 / > 45 s": [tried(30), NEVER, tried(30), tried(29)],
    "31 / 31 (1 of 2)": [tried(31), tried(900, "unknown")],
    "unknown": [tried(31, "unknown"), tried(None, "unknown")],
}


@pytest.mark.parametrize("expected", CELLS)
def test_a_cell_of_downtimes(expected: str) -> None:
    assert cell(summarize("seed", "power-loss", CELLS[expected], 45)) == expected


def test_a_fault_that_met_another_host_than_the_holder_proves_nothing(tmp_path: Path) -> None:
    record(tmp_path / "rke2" / "001-power-loss", "power-loss", outage=0)
    (column,) = read_columns(tmp_path)
    assert column.results[0].unknown == 0
    with HistoryWriter(tmp_path / "rke2" / "001-power-loss" / EVENTS_FILE) as events:
        events.append(Event("holder-before", 0, {"holder": "lb-2"}))
        for host, held in (("lb-1", True), ("lb-2", False)):
            events.append(Event("vip", SECOND, {"host": host, "held": held}))
        events.append(Event("holder-after", 3 * SECOND, {"holder": "lb-1"}))
    (column,) = read_columns(tmp_path)
    assert (column.results[0].unknown, cell(column.results[0])) == (1, "unknown")


def open_when_it_came(broken: dict[str, int], failed: int = 0, *, blind: bool = False) -> Tried:
    """A trial whose client had connections open: how often each broke. Three streams share the HTTP/2 connection."""
    streams = tuple(
        StreamResult(kind, 10, failed if kind.name == "kept" else 0, None if kind.name == NEW else broken.get(kind.connection, 0))
        for kind in KINDS
    )
    watching = WatchVerdict(900.0 if blind else None, None, 3, 0, False, True, True)
    return Tried(replace(tried(10).trial, streams=streams, watching=watching), False)


def test_what_was_open_is_counted_by_connection() -> None:
    seen = [open_when_it_came({}), open_when_it_came({"kept": 2, HTTP2: 1}, 4, blind=True), open_when_it_came({"idle": 1}, 1)]
    result = summarize("seed", "keepalived-stop", seen, 45)
    assert open_cell(result) == "1 / 4, 1 / 4"
    assert (result.broken_median, result.broken_max, result.cut_median, result.cut_max) == (1, 4, 1, 4)
    assert open_cell(summarize("seed", "keepalived-stop", [tried(10)], 45)) == "unknown"


def test_a_cell_of_failed_requests() -> None:
    seen = [tried(10, failed=376), tried(20, failed=380), tried(30, failed=2)]
    assert cell(summarize("seed", "api-server-hang", seen, 45)) == "376 / 380"
    assert cell(summarize("rke2", "api-server-hang", [tried(10, failed=1502, gave_up=True)], 45)) == "1502 / 1502, > 45 s"


def record(folder: Path, scenario: str, *, outage: int, recovered: bool = True) -> None:
    """A history as a drill writes it: a request every 10 ms, failing for `outage` ms from the fault at 2 s on."""
    folder.mkdir(parents=True)
    fault, end = 2 * SECOND, 5 * SECOND + outage * MILLISECOND
    with HistoryWriter(folder / REQUESTS_FILE) as requests:
        requests.append(Probe(10 * MILLISECOND, 100 * MILLISECOND, SECOND))
        starts = range(0, end, 10 * MILLISECOND)
        for start in starts:
            down = fault <= start < fault + outage * MILLISECOND
            requests.append(Request("new", start, start + MILLISECOND, 0, "refused" if down else ""))
        requests.append(End(len(starts), end))
    with HistoryWriter(folder / EVENTS_FILE) as events:
        events.append(Event("trial", 0, {"scenario": scenario, "trial": 1, "budget_ms": 50.0}))
        for name in ("fault", "injected", "heal", "healthy"):
            events.append(Event(name, fault))
        events.append(Event("trace", fault, {"changed": True}))
        if not recovered:
            events.append(Event("not-recovered", fault, {"what": "the API was not served again within 45 s"}))


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    for name, outage in (("seed", 900), ("twinkeel-fast", 30)):
        record(tmp_path / name / "001-power-loss", "power-loss", outage=outage)
        record(tmp_path / name / "002-power-loss", "power-loss", outage=outage + 20)
        record(tmp_path / name / "003-haproxy-hang", "haproxy-hang", outage=outage, recovered=name != "seed")
        write_metadata(tmp_path / name, RunMetadata(("keepalived -t ends with 6",) if name == "seed" else (), "", 45))
    record(tmp_path / "k0s" / "001-power-loss", "power-loss", outage=100)
    return tmp_path


def test_every_configuration_stands_beside_ours(bench: Path) -> None:
    columns = read_columns(bench)
    assert [column.configuration.id for column in columns] == ["twinkeel-fast", "seed", "k0s"]
    assert rows(columns) == [("power-loss", "40 / 50", "910 / 920", "100 / 100"), ("haproxy-hang", "30 / 30", "> 45 s", "-")]
    assert remarks(columns) == [
        "seed: keepalived -t ends with 6 (it runs all the same)",
        "k0s: not measured to the end: the bench was broken off",
    ]


def test_all_was_measured_only_when_nothing_is_missing(bench: Path) -> None:
    broken_off = read_columns(bench)
    assert not all_measured(broken_off)
    write_metadata(bench / "k0s", RunMetadata((), "", 45))
    assert all_measured(read_columns(bench))
    (bench / "k0s/001-power-loss" / REQUESTS_FILE).unlink()
    assert not all_measured(read_columns(bench))


def test_markdown_and_json_say_the_same(bench: Path) -> None:
    columns = read_columns(bench)
    assert "| power-loss | 40 / 50 | 910 / 920 | 100 / 100 |\n" in as_markdown(columns, FACTS)
    assert "Measured 2026-11-22 21:00 UTC, 1 to 2 trials of each fault.\n\n- HAProxy: 2.6.12\n\nSources:" in as_markdown(
        columns, FACTS
    )
    shown = as_object(columns)
    assert [each["id"] for each in shown["configurations"]] == ["twinkeel-fast", "seed", "k0s"]
    (seed,) = [each for each in shown["results"] if (each["configuration"], each["scenario"]) == ("seed", "haproxy-hang")]
    assert (seed["never"], seed["trials"], seed["deadline"], seed["max_ms"]) == (1, 1, 45, 900)
    assert seed["failed_median"] == seed["failed_max"] == 90


def test_report_judges_histories_anew(bench: Path) -> None:
    ended = CliRunner().invoke(cli, ["bench", "report", str(bench), "--format", "json"])
    assert ended.exit_code == 0
    assert (
        json.loads(ended.output)
        == json.loads((bench / "bench.json").read_text())
        == json.loads(json.dumps(as_object(read_columns(bench))))
    )
    assert (bench / "bench.md").read_text() == as_markdown(read_columns(bench), read_facts(bench))
    shown = CliRunner().invoke(cli, ["bench", "report", str(bench)]).output
    assert "910 / 920" in shown


def test_a_folder_without_a_bench_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no bench"):
        read_columns(tmp_path)


def test_a_folder_is_not_used_twice(bench: Path) -> None:
    ended = CliRunner().invoke(cli, ["bench", "seed", "-o", str(bench), "-f", str(bench / "none.yaml")])
    assert isinstance(ended.exception, UsageError)
    assert "holds a bench already" in str(ended.exception)


def test_a_configuration_by_itself_is_a_run() -> None:
    ended = CliRunner().invoke(cli, ["bench", "nosuch"])
    assert isinstance(ended.exception, UsageError)
    assert "no configuration 'nosuch'" in str(ended.exception)
    listed = CliRunner().invoke(cli, ["bench", "list", "--format", "json"])
    assert [each["id"] for each in json.loads(listed.output)][:3] == ["twinkeel-fast", "twinkeel-steady", "seed"]
