"""`twinkeel render`: every file of the system, into a folder."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, SpecFile

app = typer.Typer(add_completion=False)


class TrustChoice(StrEnum):
    """How HAProxy trusts the API servers that it checks."""

    verified = "verified"
    bootstrap = "bootstrap"


@app.command()
def render(
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder to write to.")],
    file: SpecFile = DEFAULT_SPEC,
    trust: Annotated[
        TrustChoice, typer.Option(help="bootstrap: before the cluster's certificate authority exists.")
    ] = TrustChoice.verified,
    force: Annotated[bool, typer.Option("--force", help="Write even into a folder that holds other files.")] = False,
) -> None:
    """Write OUT/hosts/HOST/PATH-ON-HOST and OUT/kubespray/...

    A file that an earlier run wrote and this one does not is removed; nothing else is.
    """
    from twinkeel.app.render import render as render_files
    from twinkeel.cli.load import open_context

    written = render_files(open_context(file, renders=True), out, trust.value, force=force)
    print(f"{written.total} files in {out}: {written.changed} written, {written.total - written.changed} already right")
    if written.removed:
        print(f"{written.removed} removed that an earlier run had written")
