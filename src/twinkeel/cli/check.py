"""`twinkeel check`: every problem of the spec, with positions."""

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from twinkeel.cli.light_command import OUTPUT_FORMAT, SPEC_FILE, LightCommand
from twinkeel.errors import EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from twinkeel.app.check import Checked


def check(file: Path, output: str) -> None:
    """Show every problem of the spec, with positions. Exit code 1 when one of them is an error.

    Raw lines (haproxy.extra, keepalived.extra) are judged by HAProxy and Keepalived themselves where they are installed.
    Passwords and keys are not looked at: `render` and `apply` say when one is missing.

    --format json prints {"valid", "diagnostics", "notes"}. A diagnostic is {"code", "severity": "error" or "warning", "message",
    "file", "line", "column", "end_column", "hint", "related": [{"line", "column", "message"}]}; lines and columns begin at 1.
    """
    from twinkeel.app.check import check as check_spec

    checked = check_spec(file)
    if output == "json":
        _print_json(checked)
    else:
        _print_text(checked)
    raise click.exceptions.Exit(EXIT_GOOD if checked.valid else EXIT_NO)


app = LightCommand("check", params=[SPEC_FILE, OUTPUT_FORMAT], callback=check, help=inspect.getdoc(check))


def _print_json(checked: "Checked") -> None:
    import json

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
