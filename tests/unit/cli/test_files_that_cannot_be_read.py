"""A file that is named and cannot be read is wrong usage: exit code 2, see docs/errors.md.

`audit` and `import` take folders, where one file of many cannot be read: exit code 3 (docs/audit.md).
"""

from pathlib import Path

import pytest

from twinkeel.cli.main import main

COMMANDS = (
    ("check", "-f"),
    ("explain", "-f"),
    ("render", "-o", "out", "-f"),
    ("audit",),
    ("import",),
    ("tune", "--from"),
    ("drill", "report"),
)


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("name", ["missing", "loop", "folder", "file/x"])
def test_it_is_wrong_usage(
    words: tuple[str, ...], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["twinkeel", *words, name])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    unread = words in (("audit",), ("import",)) and name not in ("missing", "folder", "file/x")
    assert (ended.value.code, said[:10]) == (3 if unread else 2, "twinkeel: ")
    assert name in said
    assert "defect" not in said


def test_a_recording_that_is_not_there_leaves_no_page_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sys.argv", ["twinkeel", "tune", "--from", str(tmp_path / "missing"), "--plot", str(tmp_path / "page.html")]
    )
    with pytest.raises(SystemExit):
        main()
    assert list(tmp_path.iterdir()) == []
