"""Where a drill's histories cannot go is said before any host is asked, and so before anything is broken."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.app import drill
from twinkeel.app.context import Context, build_context
from twinkeel.errors import ToolError, TwinkeelError, UsageError

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab-home.yaml"
Work = Callable[[Context, drill.DrillOrder], object]


def run(context: Context, order: drill.DrillOrder) -> None:
    asyncio.run(drill.run(context, order, lambda _: None))


def soak(context: Context, order: drill.DrillOrder) -> None:
    asyncio.run(drill.soak(context, order, 1))


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> Context:
    def reached(*_: object, **__: object) -> None:
        raise AssertionError("a host is asked")

    monkeypatch.setattr("twinkeel.hosts.ssh.SshHosts.connect", reached)
    monkeypatch.setattr("twinkeel.hosts.ssh.SshHosts._connection", reached)
    return build_context(EXAMPLE, lambda _: None)


def refused(work: Work, context: Context, folder: Path) -> TwinkeelError:
    with pytest.raises(TwinkeelError) as caught:
        work(context, drill.DrillOrder(folder))
    return caught.value


@pytest.mark.parametrize("work", [run, soak])
def test_a_file_is_no_folder(work: Work, untouched: Context, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        error = refused(work, untouched, folder)
        assert isinstance(error, UsageError)
        assert error.where == str(tmp_path / "file")


@pytest.mark.parametrize("work", [run, soak])
def test_a_folder_of_others(work: Work, untouched: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    error = refused(work, untouched, tmp_path / "new" / "deep")
    assert isinstance(error, ToolError)
    assert error.where == str(tmp_path)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("work", [run, soak])
def test_a_folder_with_trials(work: Work, untouched: Context, tmp_path: Path) -> None:
    (tmp_path / "001-haproxy-stop").mkdir()
    (tmp_path / "001-haproxy-stop" / "events.jsonl").touch()
    assert isinstance(refused(work, untouched, tmp_path), UsageError)
