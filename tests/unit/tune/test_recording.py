"""A recording's file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.errors import UsageError
from twinkeel.tune.recording import Recording, read_recording, write_recording

Record = Callable[..., Recording]


def test_what_was_written_is_read(record: Record, tmp_path: Path) -> None:
    recording = record(50)
    write_recording(recording, tmp_path / "file")
    assert read_recording(tmp_path / "file") == recording


@pytest.mark.parametrize("text", ["", "{}\n", "[]\n", "no json", '{"kind":"tune"}\n', '{"kind":"probe","at":1}\n'])
def test_something_else_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(UsageError, match="no measurement"):
        read_recording(tmp_path / "file")


def test_a_line_without_its_host_is_refused(record: Record, tmp_path: Path) -> None:
    write_recording(record(50), tmp_path / "file")
    with (tmp_path / "file").open("a") as file:
        file.write('{"kind":"slots"}\n')
    with pytest.raises(UsageError):
        read_recording(tmp_path / "file")
