"""The words of `tune`, its page, its JSON and its exit codes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from twinkeel.cli.main import cli
from twinkeel.report.tune_page import render_tune_page
from twinkeel.report.tune_words import answer, explained, how_often, measured, time
from twinkeel.tune.evaluate import evaluate
from twinkeel.tune.recording import Recording, write_recording

Record = Callable[..., Recording]


@pytest.mark.parametrize(
    ("a_year", "said"),
    [
        (None, "unknown"),
        (0.0, "< 1 in 100 years"),
        (0.0099, "< 1 in 100 years"),
        (0.04, "1 in 25 years"),
        (0.4, "1 in 2.5 years"),
        (1.0, "1 a year"),
        (23.0, "23 a year"),
        (30.0, "2.5 a month"),
        (3652.5, "10 a day"),
        (8766 * 72.0, "72 an hour"),
        (525960 * 3.0, "3 a minute"),
    ],
)
def test_rates_as_people_say_them(a_year: float | None, said: str) -> None:
    assert how_often(a_year) == said


@pytest.mark.parametrize(("seconds", "said"), [(0.0, "0.00 ms"), (0.00005, "0.05 ms"), (0.0042, "4.2 ms"), (0.0421, "42 ms")])
def test_times_have_the_digits_that_matter(seconds: float, said: str) -> None:
    assert time(seconds) == said


def test_the_answer_says_whether_the_interval_in_force_will_do(record: Record) -> None:
    assert (
        answer(evaluate(record(), 1))
        == "In force is 0.07 s, longer than the 0.02 s recommended for at most 1 false failover a year (95 %)."
    )
    assert (
        answer(evaluate(record(interval=0.02), 1))
        == "In force is 0.02 s, as recommended for at most 1 false failover a year (95 %)."
    )
    assert ", shorter than the " in answer(evaluate(record(delays={1000: 150_000}), 1))
    assert "Measure longer" in answer(evaluate(record(500), 1))
    lossy = evaluate(record(lost={number for number in range(50, 2950) if number % 10 == 7}), 1)
    assert answer(lossy).startswith("No recommendation: no interval has at most 1 false failover a year (95 %).")


def test_who_was_not_made_busy_is_told_so(record: Record) -> None:
    assert "--load" in explained(evaluate(record(), 1))
    assert "--load" not in explained(evaluate(record(phases=("as they are", "loaded")), 1))


def test_a_keepalived_without_real_time_priority_is_told(record: Record) -> None:
    whole = record(1500)
    lines = tuple({**line, "keepalived": ["nice -19"]} if line["kind"] == "start" else line for line in whole.lines)
    said = "\n".join(measured(evaluate(replace(whole, lines=lines), 1)))
    assert "lb-1: its Keepalived has no real-time priority (nice -19): measured like that" in said
    assert "real-time priority" not in "\n".join(measured(evaluate(whole, 1)))


def test_a_host_that_grants_no_real_time_priority_is_told(record: Record) -> None:
    whole = record(1500)
    starts = {"scheduling": "nice -19", "keepalived": []}
    lines = tuple({**line, **starts} if line["kind"] == "start" else line for line in whole.lines)
    said = "\n".join(measured(evaluate(replace(whole, lines=lines), 1)))
    assert "lb-1: real-time priority is refused here" in said


def test_a_move_while_it_was_measured_is_told(record: Record) -> None:
    whole = record(1500)
    said = {"kind": "advert", "phase": "as they are", "vrid": 216, "at": [0, 70_000]}
    one = {**said, "host": "lb-2", "from": "192.168.1.111", "to": "192.168.1.112"}
    other = {**said, "host": "lb-1", "from": "192.168.1.112", "to": "192.168.1.111"}
    assert not any("moved" in line for line in measured(evaluate(replace(whole, lines=(*whole.lines, one)), 1)))
    assert any("moved" in line for line in measured(evaluate(replace(whole, lines=(*whole.lines, one, other)), 1)))


def judged(file: Path, *argv: str) -> Result:
    return CliRunner().invoke(cli, ["tune", "--from", str(file), *argv])


@pytest.fixture
def files(record: Record, tmp_path: Path) -> dict[str, Path]:
    made = {"calm": record(), "late": record(delays={1000: 150_000}), "short": record(500)}
    for name, recording in made.items():
        write_recording(recording, tmp_path / name)
    return {name: tmp_path / name for name in made}


@pytest.mark.parametrize(("name", "code"), [("calm", 0), ("late", 1), ("short", 1)])
def test_exit_codes(name: str, code: int, files: dict[str, Path]) -> None:
    assert judged(files[name]).exit_code == code


def test_the_text_ends_with_lines_for_the_spec(files: dict[str, Path]) -> None:
    shown = judged(files["calm"]).stdout
    assert shown.endswith("\n\nfailover:\n  advert_interval: 0.02\n")
    assert "failover:" not in judged(files["short"]).stdout


def test_json_has_what_the_text_has(files: dict[str, Path]) -> None:
    found: dict[str, Any] = json.loads(judged(files["late"], "--format", "json").stdout)
    assert found["current"] == 0.07
    assert next(each for each in found["choices"] if each["interval"] == 0.07)["seen"] == 1
    assert found["directions"][0]["longest"] == pytest.approx(0.15, abs=0.001)
    assert found["directions"][0]["tail"]["irregular"]
    assert found["wished_per_year"] == 1


def test_the_page_is_written_for_every_kind_of_answer(files: dict[str, Path], record: Record, tmp_path: Path) -> None:
    for name, code in (("calm", 0), ("late", 1), ("short", 1)):
        ended = judged(files[name], "--plot", str(tmp_path / "page.html"))
        assert ended.exit_code == code
        page = (tmp_path / "page.html").read_text()
        assert all(f'id="{each}"' in page for each in ("intervals", "delays"))
    assert "Timers of lab" in render_tune_page(evaluate(record(), 1))


@pytest.mark.parametrize("option", ["--plot", "--save"])
def test_a_place_that_cannot_be_written_is_found_before_anything_is_measured(option: str, tmp_path: Path) -> None:
    example = Path(__file__).parents[3] / "examples" / "lab-home.yaml"
    ended = CliRunner().invoke(cli, ["tune", "-f", str(example), option, str(tmp_path / "missing" / "file")])
    assert isinstance(ended.exception, FileNotFoundError)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("{}")
    assert judged(tmp_path / "file").exit_code != 0
