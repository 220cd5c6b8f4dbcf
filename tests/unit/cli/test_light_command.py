"""A command in plain Click is to its user what it would be in Typer."""

import click
import pytest
import typer
from click.testing import CliRunner

from twinkeel.cli import check
from twinkeel.cli.help_text import unwrap_help
from twinkeel.cli.main import cli
from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFiles


def check_of_typer() -> click.Command:
    """The same options and words, written as the other commands are."""
    app = typer.Typer(add_completion=False)

    def command(file: SpecFiles = DEFAULT_SPEC, output: OutputFormat = Format.text) -> None:
        raise typer.Exit

    command.__doc__ = check.check.__doc__
    app.command("check")(command)
    made = typer.main.get_command(app)
    unwrap_help(made)
    return made


def said(command: click.Command, *words: str) -> tuple[int, str]:
    group = click.Group("twinkeel", commands={"check": command}, context_settings=cli.context_settings)
    ended = CliRunner().invoke(group, ["check", *words], prog_name="twinkeel")
    return ended.exit_code, ended.output


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_its_help_is_typer_s(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    unwrap_help(check.app)
    code, text = said(check.app, "--help")
    assert (code, text) == said(check_of_typer(), "--help")
    assert "[default: twinkeel.yaml]" in text
    assert "[env var: TWINKEEL_FILE]" in text


@pytest.mark.parametrize("words", [["--format", "yaml"], ["-x"], ["one-more"], ["-f"], ["--form"]])
def test_wrong_usage_is_told_as_typer_tells_it(words: list[str]) -> None:
    code, text = said(check.app, *words)
    assert (code, text) == said(check_of_typer(), *words)
    assert code == 2


def test_its_options_are_described_as_typer_s_are() -> None:
    """docs/commands.md, the manual page and completion are made from these."""
    mine, other = (
        [param.get_help_record(click.Context(command)) for param in command.params] for command in (check.app, check_of_typer())
    )
    assert mine == other
    assert len(mine) == 2
