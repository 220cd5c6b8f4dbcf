"""`twinkeel check`: every problem of the spec, with positions."""

import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from twinkeel.cli.light_command import OUTPUT_FORMAT, SPEC_FILES, LightCommand
from twinkeel.errors import EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from twinkeel.app.check import Checked


def check(file: Sequence[Path], output: str) -> None:
    """Show every problem in the spec, with its position. Exit code 1 if any of them is an error.

    Raw lines (keys named `extra`) are validated by the daemons themselves where they are installed.
    Passwords and keys are not checked: `render` and `apply` report a missing one.

    --format json prints {"valid", "diagnostics", "notes"}. A diagnostic is {"code", "severity": "error" or "warning", "message",
    "file", "line", "column", "end_column", "hint", "related": [{"line", "column", "message"}]}; lines and columns start at 1.

    Given several specs, or a folder, prints a table with a row per cluster, and in JSON an entry of "clusters"; see
    docs/how-to/many-clusters.md.
    """
    from twinkeel.app.check import check as check_spec
    from twinkeel.cli.which_specs import one_spec, specs_of

    specs = specs_of(file)
    if specs is not None:
        from twinkeel.cli.check_many import check_many

        raise click.exceptions.Exit(check_many(specs, as_json=output == "json"))
    checked = check_spec(one_spec(file))
    if output == "json":
        _print_json(checked)
    else:
        _print_text(checked)
    raise click.exceptions.Exit(EXIT_GOOD if checked.valid else EXIT_NO)


app = LightCommand("check", params=[SPEC_FILES, OUTPUT_FORMAT], callback=check, help=inspect.getdoc(check))


def _print_json(checked: "Checked") -> None:
    import json

    print(json.dumps(checked_json(checked), indent=2))


def checked_json(checked: "Checked") -> dict[str, Any]:
    """The object that --format json prints."""
    from twinkeel.diagnostic import as_json

    found = [as_json(item, checked.source) for item in checked.diagnostics]
    return {"valid": checked.valid, "diagnostics": found, "notes": list(checked.notes)}


def bear_any_text() -> None:
    """An excerpt shows the user's own text, which a terminal of another encoding may not be able to."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def _print_text(checked: "Checked") -> None:
    from twinkeel.diagnostic import render_text

    bear_any_text()
    for diagnostic in checked.diagnostics:
        print(f"{render_text(diagnostic, checked.source)}\n")
    for note in checked.notes:
        print(f"note: {note}")
    if checked.diagnostics:
        print(f"more about this: twinkeel explain {checked.diagnostics[0].code}")
    print(f"{checked.source.name}: {counted(checked)}")


def counted(checked: "Checked") -> str:
    """How many errors and warnings there are, in words."""
    severities: list[str] = [item.severity for item in checked.diagnostics]
    counts = {kind: severities.count(kind) for kind in ("error", "warning")}
    found = [f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in counts.items() if count]
    return ", ".join(found) or "no problems"
