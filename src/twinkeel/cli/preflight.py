"""`twinkeel preflight`."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli import complete
from twinkeel.cli.many import View, ask_many, show_many
from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFiles
from twinkeel.cli.which_specs import specs_of

if TYPE_CHECKING:
    from rich.console import Console

    from twinkeel.app.preflight import Check, Checked, Finding, Preflight

app = typer.Typer(add_completion=False)

MANY_DEADLINE = 120.0
"""Seconds for one of several clusters."""

COLOURS = {"ok": "green", "warning": "yellow", "failure": "red", "skipped": "dim"}


@app.command()
def preflight(
    file: SpecFiles = DEFAULT_SPEC,
    format: OutputFormat = Format.text,  # noqa: A002
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Run only this check (P022); repeatable.", autocompletion=complete.checks),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List the checks without running any.")] = False,
) -> None:
    """Check that every host is ready for an apply. Changes nothing.

    Given several specs, or a folder, prints a table with a row per cluster, then what failed; see docs/how-to/many-clusters.md.

    Exit code 0: nothing failed. 1: a check failed. 3: a host could not be asked.
    """
    from twinkeel.app.preflight import preflight as run_preflight
    from twinkeel.app.preflight import select
    from twinkeel.cli.load import open_context
    from twinkeel.cli.run_async import run

    checks = select(only or ())
    if show_list:
        _show_list(checks, format)
        return
    specs = specs_of(file)
    if specs is not None:
        answers = ask_many(specs, lambda context: run_preflight(context, checks), deadline=MANY_DEADLINE)
        raise typer.Exit(show_many(_view(), answers, as_json=format is Format.json))
    result = run(run_preflight(open_context(file), checks))
    _show(result, format)
    raise typer.Exit(result.exit_code)


def _view() -> "View[Preflight]":
    from twinkeel.app.preflight import as_json

    return View("preflight", code=lambda result: result.exit_code, as_json=as_json, summary=_counted, details=_not_well)


def _counted(result: "Preflight") -> str:
    failed, warned = (sum(1 for each in result.checked if each.result == kind) for kind in ("failure", "warning"))
    summary = f"{_count(result)}: {failed} failed, {warned} with warnings"
    return f"{', '.join(result.unreachable)} cannot be reached; {summary}" if result.unreachable else summary


def _not_well(result: "Preflight") -> list[str]:
    return [
        f"{each.check.id} {finding.result}: {_sentence(finding)}"
        for each in result.checked
        for finding in each.findings
        if finding.result in ("failure", "warning")
    ]


def _count(result: "Preflight") -> str:
    return f"{len(result.checked)} check{'s' if len(result.checked) != 1 else ''}"


def _show_list(checks: Sequence["Check"], format: Format) -> None:  # noqa: A002
    if format is Format.json:
        fields = ("id", "title", "why", "advice", "sends", "essential")
        print(json.dumps([{field: getattr(check, field) for field in fields} for check in checks]))
        return
    for check in checks:
        print(f"{check.id}  {check.title}")
        if check.sends:
            print(f"      sends: {check.sends}")


def _show(result: "Preflight", format: Format) -> None:  # noqa: A002
    from rich.console import Console

    from twinkeel.app.preflight import as_json

    if format is Format.json:
        print(json.dumps(as_json(result)))
        return
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for each in result.checked:
        _show_check(console, each)
    failed, warned = (sum(1 for each in result.checked if each.result == kind) for kind in ("failure", "warning"))
    named = next((each.check.id for each in result.checked if each.result in ("failure", "warning")), None)
    if named:
        console.print(f"more about a check: twinkeel explain {named}")
    console.print(f"{_count(result)}: {failed} failed, {warned} with warnings ({result.seconds:.1f} s)")


def _show_check(console: "Console", each: "Checked") -> None:
    from rich.text import Text

    line = Text.assemble(f"{each.check.id}  ", (f"{each.result:<8}", COLOURS[each.result]), f" {each.check.title}")
    console.print(line)
    for finding in each.findings:
        console.print(Text(f"      {_sentence(finding)}", style=COLOURS[finding.result] if finding.result != "ok" else "dim"))
        if finding.result in ("failure", "warning"):
            console.print(Text(f"        hint: {finding.advice or each.check.advice}"))


def _sentence(finding: "Finding") -> str:
    return f"{finding.subject}: {finding.saw}" if finding.subject else finding.saw
