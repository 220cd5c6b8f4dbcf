"""What a command's help says of its arguments."""

import re

import click
import pytest
import typer

from twinkeel.cli.main import COMMANDS, cli


def commands(group: click.Group, path: str) -> list[tuple[str, click.Command]]:
    """Each command that can be run, with its path."""
    found: list[tuple[str, click.Command]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found += commands(command, f"{path} {name}") if isinstance(command, click.Group) else [(f"{path} {name}", command)]
    return found


ARGUMENTS = [
    (f"{path} {argument.name}", argument)
    for path, command in commands(cli, "twinkeel")
    for argument in command.params
    if isinstance(argument, click.Argument)
]


def test_there_are_arguments() -> None:
    assert len(ARGUMENTS) > 10
    assert typer.__version__
    assert COMMANDS


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS, ids=[name for name, _ in ARGUMENTS])
def test_an_argument_is_explained(name: str, argument: click.Argument) -> None:
    """Click 8.5 wiped out what Typer 0.25 knows, and no help said a word of it."""
    record = argument.get_help_record(click.Context(click.Command("x")))  # type: ignore[no-untyped-call]
    assert record is not None
    assert re.search(r"[a-z]{2}", record[1].replace("[required]", "")), name
