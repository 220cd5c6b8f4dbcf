"""The terminal sessions of README.md and docs/demo.md: each picture is drawn from its recording, and its commands still exist."""

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import click
import pytest

from twinkeel.cli.main import cli

ROOT = Path(__file__).parents[2]
CASTS = sorted((ROOT / "docs/sessions").glob("*.cast"))
NAMES = [cast.stem for cast in CASTS]
PROMPT = "$ "


def _draw_session() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_session", ROOT / "scripts/draw_session.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DRAW_SESSION = _draw_session()


def shown(cast: Path) -> list[str]:
    """The lines of the recording's last screen."""
    return [line.plain for line in DRAW_SESSION.last_screen(cast)]


def commands(name: str) -> list[str]:
    return (ROOT / f"scripts/sessions/{name}.sh").read_text().splitlines()


def test_every_session_was_recorded_and_is_shown() -> None:
    assert sorted(path.stem for path in (ROOT / "scripts/sessions").glob("*.sh")) == NAMES
    assert sorted(path.stem for path in (ROOT / "docs/sessions").glob("*.svg")) == NAMES
    assert sorted(re.findall(r"\(sessions/(\w+)\.svg\)", (ROOT / "docs/demo.md").read_text())) == NAMES


@pytest.mark.parametrize("cast", CASTS, ids=NAMES)
def test_a_picture_is_what_its_recording_gives(cast: Path) -> None:
    assert cast.with_suffix(".svg").read_text() == DRAW_SESSION.draw(cast)


@pytest.mark.parametrize("cast", CASTS, ids=NAMES)
def test_the_recorded_commands_are_those_of_its_script(cast: Path) -> None:
    assert [line.removeprefix(PROMPT) for line in shown(cast) if line.startswith(PROMPT)] == commands(cast.stem)


@pytest.mark.parametrize("line", sorted({line for name in NAMES for line in commands(name) if line.startswith("twinkeel")}))
def test_a_recorded_command_exists_with_its_options(line: str) -> None:
    command: click.Command = cli
    context = click.Context(cli)
    words = shlex.split(line.split("|")[0])[1:]
    while isinstance(command, click.Group):
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, name
        command = found
    command.make_parser(click.Context(command)).parse_args(words)


def test_the_spec_that_was_recorded_is_the_readme_s() -> None:
    text = (ROOT / "README.md").read_text()
    spec = re.search(r"^```yaml\n(name: home\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert spec is not None
    lines = spec[1].splitlines()
    screen = shown(ROOT / "docs/sessions/describe.cast")
    assert screen[: len(lines) + 1] == ["$ cat twinkeel.yaml", *lines]


def test_nothing_private_was_recorded() -> None:
    words = re.compile(r"/home/|BEGIN [A-Z ]*PRIVATE KEY|password", re.IGNORECASE)
    assert [cast.name for cast in CASTS if words.search(cast.read_text())] == []


def test_a_recording_that_left_the_screen_is_refused(tmp_path: Path) -> None:
    cast = tmp_path / "long.cast"
    cast.write_text('{"version": 2, "width": 20, "height": 2, "title": "long"}\n[0.1, "o", "one\\r\\ntwo\\r\\nthree\\r\\n"]\n')
    with pytest.raises(ValueError, match="2 lines scrolled away"):
        DRAW_SESSION.draw(cast)


def test_a_line_that_was_drawn_over_is_drawn_as_it_ended(tmp_path: Path) -> None:
    cast = tmp_path / "live.cast"
    text = r"waiting\r\n\u001b[1A\u001b[2K\u001b[32mdone\u001b[0m\r\n"
    cast.write_text(f'{{"version": 2, "width": 20, "height": 3, "title": "live"}}\n[0.1, "o", "{text}"]\n')
    assert shown(cast) == ["done"]
    assert "waiting" not in DRAW_SESSION.draw(cast)
