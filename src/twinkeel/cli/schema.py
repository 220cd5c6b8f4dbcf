"""`twinkeel schema`: the JSON Schema of the spec, for editors."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The file to write; without it, standard output.")] = None,
) -> None:
    """Print the JSON Schema of the spec, with which editors complete and check it.

    Write it beside the spec with `twinkeel schema -o twinkeel.schema.json`, and make this the spec's first line:

    # yaml-language-server: $schema=twinkeel.schema.json
    """
    import json

    from twinkeel.spec.schema import json_schema

    text = json.dumps(json_schema(), indent=2) + "\n"
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")
