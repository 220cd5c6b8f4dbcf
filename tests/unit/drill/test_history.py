"""The history's files: what is written comes back, and damage is never silent."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.drill.history import (
    EVENTS_FILE,
    REQUESTS_FILE,
    End,
    Event,
    HistoryWriter,
    Probe,
    Request,
    decode,
    encode,
    read_history,
)
from twinkeel.errors import UsageError

TIMES = st.integers(0, 2**62)
REQUESTS = st.builds(Request, st.sampled_from(["new", "kept"]), TIMES, TIMES, TIMES, st.text())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with HistoryWriter(tmp_path / REQUESTS_FILE) as client:
        client.append(Probe(10, 100, 1000, "https://127.0.0.1:6443/readyz"))
        client.append(Request("new", 1, 2))
        client.append(Request("kept", 3, 4, 5, "reset"))
        client.append(End(2, 9))
    with HistoryWriter(tmp_path / EVENTS_FILE) as runner:
        runner.append(Event("fault", 7, {"host": "lb-1"}))
    return tmp_path


@given(st.one_of(REQUESTS, st.builds(Event, st.text(), TIMES, st.dictionaries(st.text(), st.text())), st.builds(End, TIMES, TIMES)))
def test_a_record_survives_its_line(record: Request | Event | End) -> None:
    line = encode(record)
    assert line.count("\n") == 1
    assert decode(line) == record


def test_a_folder_comes_back_as_written(folder: Path) -> None:
    history = read_history(folder)
    assert history.requests == (Request("new", 1, 2), Request("kept", 3, 4, 5, "reset"))
    assert history.probe == Probe(10, 100, 1000, "https://127.0.0.1:6443/readyz")
    assert history.value("fault", "host") == "lb-1"
    assert history.flaws == ()


@given(st.data())
def test_a_file_cut_anywhere_has_a_flaw(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("cut")
    whole = "".join(encode(r) for r in (Probe(10, 100, 1000), Request("new", 1, 2), End(1, 9))).encode()
    (folder / REQUESTS_FILE).write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    (folder / EVENTS_FILE).write_text(encode(Event("fault", 1)))
    assert read_history(folder).flaws


def test_a_lost_line_in_the_middle_is_a_flaw(folder: Path) -> None:
    path = folder / REQUESTS_FILE
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:1], *lines[2:]]))
    assert read_history(folder).flaws == ("the client recorded 2 requests, the history holds 1",)


@pytest.mark.parametrize(
    "line", ["{}", "null", '{"kind":"request"}', '{"kind":"request","stream":"new","start":"1","end":2}', '{"kind":"x"}', "\xff{"]
)
def test_a_strange_line_is_a_flaw_with_its_number(folder: Path, line: str) -> None:
    path = folder / REQUESTS_FILE
    path.write_bytes(path.read_bytes() + line.encode("latin-1") + b"\n")
    assert read_history(folder).flaws == ("line 5 of requests.jsonl is broken",)


def test_a_missing_requests_file_is_a_flaw(folder: Path) -> None:
    (folder / REQUESTS_FILE).unlink()
    assert "requests.jsonl is missing" in read_history(folder).flaws


def test_a_folder_without_a_trial_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no trial"):
        read_history(tmp_path)
