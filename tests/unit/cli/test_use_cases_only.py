"""Every command of the program works through a use case: no module of the command line imports a room that reaches hosts."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import twinkeel.cli
from twinkeel.cli.main import cli

CONTRACTS = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
USE_CASES_ONLY: dict[str, Any] = next(each for each in CONTRACTS if each["name"].startswith("The command line"))
FORBIDDEN, IGNORED = USE_CASES_ONLY["forbidden_modules"], set(USE_CASES_ONLY["ignore_imports"])
# What changes hosts: nothing is imported from there, not even a type; but for what every layer may know of the daemons.
VALUES = "twinkeel.vip.daemons"
ROOMS_THAT_CHANGE = ("bench", "drill", "export", "hosts", "plan", "preflight", "rollout", "rotation", "vip")


def modules_of_commands(command: click.Command, context: click.Context) -> Iterator[str]:
    """Where each command, and each one below it, is written."""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from modules_of_commands(below, context)
    elif command.callback is not None:
        yield command.callback.__module__


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def test_no_command_imports_what_reaches_hosts() -> None:
    folder = Path(twinkeel.cli.__path__[0])
    files = {f"twinkeel.cli.{file.stem}": file for file in folder.glob("*.py")}
    commands = set(modules_of_commands(cli, click.Context(cli)))
    assert len(commands) > 15
    assert commands <= set(files)
    found = {f"{name} -> {module}" for name, file in files.items() for module in imported(file) if room(module) in FORBIDDEN}
    assert found == IGNORED


def test_what_may_be_imported_all_the_same_changes_nothing() -> None:
    assert {f"twinkeel.{name}" for name in ROOMS_THAT_CHANGE} <= set(FORBIDDEN)
    changing = [line for line in IGNORED for name in ROOMS_THAT_CHANGE if line.split(" -> ")[1].startswith(f"twinkeel.{name}.")]
    assert {line.split(" -> ")[1] for line in changing} == {VALUES}
