"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a result is shown."""

    text = "text"
    json = "json"


# Lists, both: were the last -f of two the one that counts, another cluster than was meant could be changed.
SpecFile = Annotated[
    list[Path],
    typer.Option("-f", "--file", envvar="TWINKEEL_FILE", help="The spec.", show_default=True),
]
SpecFiles = Annotated[
    list[Path],
    typer.Option("-f", "--file", envvar="TWINKEEL_FILE", help="The spec, or a folder of specs; repeatable.", show_default=True),
]
OutputFormat = Annotated[Format, typer.Option("--format", help="Output format.")]
BreakLock = Annotated[
    bool, typer.Option("--break-lock", help="Take over the load balancers' lock from a run that is known to be dead.")
]

DEFAULT_FILE = Path("twinkeel.yaml")
DEFAULT_SPEC = [DEFAULT_FILE]
