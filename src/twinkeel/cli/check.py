"""`twinkeel check`: every problem of the spec, with positions."""

import json
import sys
from typing import TYPE_CHECKING

import typer

from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.errors import EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from twinkeel.app.check import Checked

app = typer.Typer(add_completion=False)


@app.command()
def check(file: SpecFile = DEFAULT_SPEC, output: OutputFormat = Format.text) -> None:
    """Show every problem of the spec, with positions. Exit code 1 when one of them is an error.

    Raw lines (haproxy.extra, keepalived.extra) are judged by HAProxy and Keepalived themselves where they are installed.
    Passwords and keys are not looked at: `render` and `apply` say when one is missing.

    --format json prints {"valid", "diagnostics", "notes"}. A diagnostic is {"code", "severity": "error" or "warning", "message",
    "file", "line", "column", "end_column", "hint", "related": [{"line", "column", "message"}]}; lines and columns begin at 1.
    """
    from twinkeel.app.check import check as check_spec

    checked = check_spec(file)
    if output is Format.json:
        _print_json(checked)
    else:
        _print_text(checked)
    raise typer.Exit(EXIT_GOOD if checked.valid else EXIT_NO)


def _print_json(checked: "Checked") -> None:
    from twinkeel.diagnostic import as_json

    found = [as_json(item, checked.source) for item in checked.diagnostics]
    print(json.dumps({"valid": checked.valid, "diagnostics": found, "notes": list(checked.notes)}, indent=2))


def _print_text(checked: "Checked") -> None:
    from twinkeel.diagnostic import render_text

    # The excerpt shows the user's own text, which a terminal of another encoding may not be able to.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    for diagnostic in checked.diagnostics:
        print(f"{render_text(diagnostic, checked.source)}\n")
    for note in checked.notes:
        print(f"note: {note}")
    if checked.diagnostics:
        print(f"why a rule is there: twinkeel explain {checked.diagnostics[0].code}")
    print(_summary([item.severity for item in checked.diagnostics], checked.source.name))


def _summary(severities: list[str], name: str) -> str:
    counts = {kind: severities.count(kind) for kind in ("error", "warning")}
    found = [f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in counts.items() if count]
    return f"{name}: {', '.join(found) or 'no problems'}"
