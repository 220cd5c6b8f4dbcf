"""Help is broken where the reader's terminal ends, not where a source file's lines do."""

import click
import pytest
from click.testing import CliRunner

from twinkeel.cli.help_text import unwrapped
from twinkeel.cli.main import COMMANDS, cli


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("One sentence that goes\non.", "One sentence that goes on."),
        ("A sentence.\nAnother one.", "A sentence.\nAnother one."),
        ("A list:\nits first item\nand more", "A list:\nits first item and more"),
        ("First.\n\nSecond that goes\non.", "First.\n\nSecond that goes on."),
        ("Examples.\n\n\b\ntwinkeel check\ntwinkeel plan", "Examples.\n\n\b\ntwinkeel check\ntwinkeel plan"),
    ],
)
def test_only_the_end_of_a_sentence_breaks_a_line(text: str, shown: str) -> None:
    assert unwrapped(text) == shown


@pytest.mark.parametrize(
    ("words", "meant"),
    [("chek", "check"), ("drill rnu", "run"), ("kubespray fech", "fetch"), ("kubespray mirror serv", "serve"), ("qqq", None)],
)
def test_a_slip_in_a_command_is_told_once(words: str, meant: str | None) -> None:
    ended = CliRunner().invoke(cli, words.split())
    assert ended.exit_code == 2
    assert f"No such command '{words.split()[-1]}'" in ended.output
    assert ended.output.count("Did you mean") == (meant is not None)
    assert meant is None or f"Did you mean '{meant}'" in ended.output


@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_of_any_command_s_help_ends_within_a_sentence(name: str) -> None:
    for command in _below(cli.get_command(click.Context(cli), name)):
        lines = (command.help or "").split("\b")[0].split("\n\n")
        ragged = [line for paragraph in lines for line in paragraph.splitlines()[:-1] if not line.endswith((".", ":", ";"))]
        assert ragged == [], command.name
    assert CliRunner().invoke(cli, [name, "--help"]).exit_code == 0


def _below(command: click.Command | None) -> list[click.Command]:
    if isinstance(command, click.Group):
        return [command, *(each for child in command.commands.values() for each in _below(child))]
    return [command] if command else []
