"""`twinkeel schema`: the JSON Schema of the spec, for editors, and the reference page, for people."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


class SchemaFormat(StrEnum):
    """For whom the spec is described."""

    json = "json"
    markdown = "markdown"


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The file to write; without it, standard output.")] = None,
    output: Annotated[
        SchemaFormat, typer.Option("--format", help="json: the JSON Schema; markdown: the reference page of every key.")
    ] = SchemaFormat.json,
) -> None:
    """Print the JSON Schema of the spec, with which editors complete and check it.

    Write it beside the spec with `twinkeel schema -o twinkeel.schema.json`, and make this the spec's first line:

    # yaml-language-server: $schema=twinkeel.schema.json
    """
    from twinkeel.cli.give import give, refuse_a_spec

    refuse_a_spec(out)
    give(_json() if output is SchemaFormat.json else _markdown(), out)


def _json() -> str:
    import json

    from twinkeel.spec.schema import json_schema

    return json.dumps(json_schema(), indent=2) + "\n"


def _markdown() -> str:
    from twinkeel.spec.reference import reference

    return reference()
