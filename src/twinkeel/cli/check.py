"""`twinkeel check`: every problem of the spec, with positions."""

import json

import typer

from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.errors import EXIT_GOOD, EXIT_NO

app = typer.Typer(add_completion=False)


@app.command()
def check(file: SpecFile = DEFAULT_SPEC, output: OutputFormat = Format.text) -> None:
    """Show every problem of the spec, with positions. Exit code 1 when one of them is an error."""
    from twinkeel.diagnostic import as_json, render_text
    from twinkeel.spec.document import read_source
    from twinkeel.spec.load import load

    loaded = load(read_source(file))
    if output is Format.json:
        valid = loaded.spec is not None
        print(json.dumps({"valid": valid, "diagnostics": [as_json(item, loaded.source) for item in loaded.diagnostics]}, indent=2))
    else:
        for diagnostic in loaded.diagnostics:
            print(render_text(diagnostic, loaded.source))
        print(_summary([item.severity for item in loaded.diagnostics], loaded.source.name))
    raise typer.Exit(EXIT_GOOD if loaded.spec is not None else EXIT_NO)


def _summary(severities: list[str], name: str) -> str:
    counts = {kind: severities.count(kind) for kind in ("error", "warning")}
    found = [f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in counts.items() if count]
    return f"{name}: {', '.join(found) or 'no problems'}"
