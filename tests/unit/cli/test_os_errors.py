"""An OSError of the user's machine is a message; one of ours keeps its traceback for a report."""

import errno

import pytest

from twinkeel.cli import main as command_line


def ended(monkeypatch: pytest.MonkeyPatch, error: OSError) -> int:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(command_line.cli, "main", fail)
    with pytest.raises(SystemExit) as caught:
        command_line.main()
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize(
    ("error", "where"),
    [(PermissionError(errno.EACCES, "Permission denied", "/x"), "/x"), (OSError(errno.ENOSPC, "No space left"), "this machine")],
)
def test_of_the_machine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError, where: str) -> None:
    assert ended(monkeypatch, error) == 3
    said = capsys.readouterr().err
    assert f"where: {where}" in said
    assert "defect" not in said


@pytest.mark.parametrize("error", [OSError("no such thing"), OSError(errno.EBADF, "Bad file descriptor")])
def test_of_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError) -> None:
    assert ended(monkeypatch, error) == 3
    assert "this is a defect in Twinkeel" in capsys.readouterr().err
