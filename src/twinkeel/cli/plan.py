"""`twinkeel plan`."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from twinkeel.cli.many import View, ask_many, show_many
from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFiles
from twinkeel.cli.which_specs import specs_of
from twinkeel.errors import EXIT_FAILED, EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from twinkeel.app.plan import FileChange, HostPlan, Plan

app = typer.Typer(add_completion=False)

LONGEST_NEW = 40
MANY_DEADLINE = 60.0
"""Seconds for one of several clusters."""


@app.command()
def plan(file: SpecFiles = DEFAULT_SPEC, format: OutputFormat = Format.text) -> None:  # noqa: A002
    """Show what apply would change, as a diff by host and file. Changes nothing.

    Given several specs, or a folder, prints a table with a row per cluster, and each cluster's changed files; see
    docs/how-to/many-clusters.md.

    Exit code 0: no drift. 1: drift. 3: a host could not be reached.
    """
    from twinkeel.app.plan import as_json
    from twinkeel.app.plan import plan as make_plan
    from twinkeel.cli.load import open_context
    from twinkeel.cli.run_async import run

    specs = specs_of(file)
    if specs is not None:
        answers = ask_many(specs, make_plan, deadline=MANY_DEADLINE, reading=True, renders=True)
        raise typer.Exit(show_many(_view(), answers, as_json=format is Format.json))
    made = run(make_plan(open_context(file, reading=True, renders=True)))
    if format is Format.json:
        print(json.dumps(as_json(made)))
    else:
        _show(made)
    raise typer.Exit(_code(made))


def _code(made: "Plan") -> int:
    return EXIT_FAILED if made.unreachable else EXIT_NO if made.drift else EXIT_GOOD


def _view() -> "View[Plan]":
    from twinkeel.app.plan import as_json

    return View("plan", code=_code, as_json=as_json, summary=_summary, details=_changed)


def _changed(made: "Plan") -> list[str]:
    """A line for each change, without diffs."""
    lines: list[str] = []
    for host in made.hosts:
        lines += [f"{host.name}: cannot be reached: {host.problem}"] if host.problem else []
        lines += [f"{host.name}: not in the spec: {line}" for line in host.foreign]
        lines += [
            f"{host.name}: package {package}: install {version or ''}".rstrip()
            for package, version in (host.packages or {}).items()
        ]
        lines += [f"{host.name}: {change.path}: {change.detail}" for change in host.files]
        lines += [f"{host.name}: service {unit}: {action}" for unit, action in host.needed_actions.items()]
    return lines


def _show(made: "Plan") -> None:
    from rich.console import Console

    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for host in made.hosts:
        for text, style in lines_of(host):
            console.print(text, style=style, markup=False)
    if made.trust == "bootstrap":
        console.print(
            "The cluster has no certificate authority yet: HAProxy's checks will not verify certificates.", style="yellow"
        )
    if any(host.lost for host in made.hosts):
        console.print("Add what is lost to the spec first, or drop it with `twinkeel apply --discard`.", style="yellow")
    if made.steps:
        console.print("Order of work:", style="bold")
        for number, step in enumerate(made.steps, 1):
            console.print(f"  {number}. {step}", markup=False)
    console.print(_summary(made), markup=False)


def lines_of(host: "HostPlan") -> Iterator[tuple[str, str]]:
    """One host's plan: lines with their styles."""
    held = f" (holds {', '.join(host.holds)})" if host.holds else ""
    yield f"{host.name}{held}", "bold"
    if host.problem:
        yield f"  cannot be reached: {host.problem}", "red"
        return
    for ending in host.foreign:
        yield f"  {'replaced' if ending.replaced else 'lost'}: {ending}", "yellow" if ending.replaced else "red"
    if not (host.has_changes or host.left_over):
        yield "  nothing to change", ""
    for package, version in (host.packages or {}).items():
        yield f"  package {package}: install {version or '(the host has no list of versions yet)'}", "yellow"
    for change in host.files:
        yield f"  {change.path}: {change.detail}", "yellow"
        for line in _shown(change):
            yield f"    {line}", _style(line)
    for unit, action in host.needed_actions.items():
        yield f"  service {unit}: {action}", "yellow"


def _shown(change: "FileChange") -> list[str]:
    """A diff's lines; of a long file that is new only the first: nothing is compared there."""
    lines = change.diff.splitlines()
    if change.kind != "new" or len(lines) <= LONGEST_NEW:
        return lines
    rest = len(lines) - LONGEST_NEW
    return [*lines[:LONGEST_NEW], f"... {rest} more lines (--format json has them all, and so has `twinkeel render`)"]


def _style(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")


def _summary(made: "Plan") -> str:
    if made.unreachable:
        return f"{', '.join(host.name for host in made.unreachable)}: cannot be reached, so apply would not start"
    if not made.drift:
        return "no drift: every load balancer is as the spec says"
    changed = [host.name for host in made.hosts if host.has_changes]
    return f"drift: apply would change {', '.join(changed)}" if changed else "drift: files of ours are left over"
