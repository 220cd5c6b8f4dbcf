"""`twinkeel explain`: the topology, every value in force, the predicted downtime per fault; or what a code means."""

import json
from typing import Annotated

import typer

from twinkeel.cli import complete
from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile

app = typer.Typer(add_completion=False)


@app.command()
def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            help="Explain this code instead: a rule of check (S025) or audit, a preflight check (P012), a drill scenario.",
            autocompletion=complete.codes,
        ),
    ] = None,
    file: SpecFile = DEFAULT_SPEC,
    output: OutputFormat = Format.text,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print only the diagram, as Mermaid text.")] = False,
) -> None:
    """Show the topology, every setting in force, and the predicted downtime of each failure; or what CODE means."""
    import shutil

    if code is not None:
        from twinkeel.app.explain_code import explain_code

        found = explain_code(code)
        print(json.dumps(vars(found), indent=2) if output is Format.json else f"{found.text}\n\nPage: {found.page}")
        return

    from twinkeel.cli.load import open_context
    from twinkeel.cli.show_json import as_json
    from twinkeel.cli.show_mermaid import as_mermaid
    from twinkeel.cli.show_topology import as_text
    from twinkeel.cli.text_layout import usable_width

    topology = open_context(file, reading=True).topology
    if mermaid:
        print(as_mermaid(topology), end="")
    elif output is Format.json:
        print(json.dumps(as_json(topology), indent=2, default=str))
    else:
        print(as_text(topology, usable_width(shutil.get_terminal_size((100, 24)).columns)), end="")
