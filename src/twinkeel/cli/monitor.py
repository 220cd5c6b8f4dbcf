"""`twinkeel monitor`: what Prometheus and Grafana are given, made from the spec."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, SpecFile
from twinkeel.cli.which_specs import one_spec

if TYPE_CHECKING:
    from twinkeel.app.context import Context

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="What Prometheus and Grafana are given, made from the spec. No host is asked."
)

Out = Annotated[Path | None, typer.Option("-o", "--out", help="The file to write; without it, standard output.")]


@app.command()
def rules(
    file: SpecFile = DEFAULT_SPEC,
    out: Out = None,
    runbooks: Annotated[
        str, typer.Option(metavar="URL", help="Where your people read docs/alerts.md; each alert links to its heading there.")
    ] = "docs/alerts.md",
) -> None:
    """Recording and alert rules for Prometheus (YAML); docs/alerts.md explains each alert."""
    from twinkeel.app.monitor import rules as make

    if any(each.isspace() or not each.isprintable() for each in runbooks) or not runbooks:
        from twinkeel.errors import UsageError

        raise UsageError(f"--runbooks {runbooks!r} is no address of a page", hint="a URL such as https://wiki.example.org/alerts")
    _give(make(_context(file), runbooks), out, one_spec(file))


@app.command()
def scrape(file: SpecFile = DEFAULT_SPEC, out: Out = None) -> None:
    """The scrape jobs for Prometheus (YAML, `scrape_configs`), with the labels that the rules go by."""
    from twinkeel.app.monitor import scrape as make

    _give(make(_context(file)), out, one_spec(file))


@app.command()
def dashboard(file: SpecFile = DEFAULT_SPEC, out: Out = None) -> None:
    """A dashboard for Grafana (JSON): Dashboards, New, Import."""
    from twinkeel.app.monitor import dashboard as make

    _give(make(_context(file)), out, one_spec(file))


@app.command()
def runbook(out: Out = None) -> None:
    """The page of every alert, what it means and what to do (Markdown); it is docs/alerts.md, and needs no spec."""
    from twinkeel.app.monitor import runbook as make

    _give(make(), out)


def _context(file: Sequence[Path]) -> "Context":
    from twinkeel.cli.load import open_context
    from twinkeel.support.events import Notice

    def print_notice(event: object) -> None:
        if isinstance(event, Notice):
            print(f"twinkeel: {event.text}", file=sys.stderr)

    return open_context(file, reading=True).reporting_to(print_notice)


def _give(text: str, out: Path | None, spec: Path | None = None) -> None:
    from twinkeel.cli.give import give

    give(text, out, spec)
