"""`twinkeel check`: every problem of the spec, with positions."""

import json
import sys
from typing import TYPE_CHECKING

import typer

from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.errors import EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from twinkeel.cli.check_rendered import Judgement
    from twinkeel.diagnostic import Diagnostic
    from twinkeel.source import SourceFile
    from twinkeel.spec.load import Loaded

app = typer.Typer(add_completion=False)


@app.command()
def check(file: SpecFile = DEFAULT_SPEC, output: OutputFormat = Format.text) -> None:
    """Show every problem of the spec, with positions. Exit code 1 when one of them is an error.

    Raw lines (haproxy.extra, keepalived.extra) are judged by HAProxy and Keepalived themselves where they are installed.

    --format json prints {"valid", "diagnostics", "notes"}. A diagnostic is {"code", "severity": "error" or "warning", "message",
    "file", "line", "column", "end_column", "hint", "related": [{"line", "column", "message"}]}; lines and columns begin at 1.
    """
    from twinkeel.kubespray.kept_support import find_support
    from twinkeel.spec.document import read_source
    from twinkeel.spec.load import in_order, load

    loaded = load(read_source(file), find_support)
    judgement = _judgement(loaded, file)
    found = in_order([*loaded.diagnostics, *judgement.diagnostics])
    valid = not any(item.severity == "error" for item in found)
    if output is Format.json:
        _print_json(found, judgement.notes, loaded.source, valid)
    else:
        _print_text(found, judgement.notes, loaded.source)
    raise typer.Exit(EXIT_GOOD if valid else EXIT_NO)


def _judgement(loaded: "Loaded", file: "SpecFile") -> "Judgement":
    """What the rendered files show, once there is a spec to render."""
    from twinkeel.cli.check_rendered import Judgement, judge_rendered

    if loaded.spec is None or loaded.document is None:
        return Judgement((), ())
    return judge_rendered(loaded.spec, loaded.document, file.parent)


def _print_json(found: "tuple[Diagnostic, ...]", notes: tuple[str, ...], source: "SourceFile", valid: bool) -> None:
    from twinkeel.diagnostic import as_json

    print(json.dumps({"valid": valid, "diagnostics": [as_json(item, source) for item in found], "notes": list(notes)}, indent=2))


def _print_text(found: "tuple[Diagnostic, ...]", notes: tuple[str, ...], source: "SourceFile") -> None:
    from twinkeel.diagnostic import render_text

    # The excerpt shows the user's own text, which a terminal of another encoding may not be able to.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    for diagnostic in found:
        print(f"{render_text(diagnostic, source)}\n")
    for note in notes:
        print(f"note: {note}")
    print(_summary([item.severity for item in found], source.name))


def _summary(severities: list[str], name: str) -> str:
    counts = {kind: severities.count(kind) for kind in ("error", "warning")}
    found = [f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in counts.items() if count]
    return f"{name}: {', '.join(found) or 'no problems'}"
