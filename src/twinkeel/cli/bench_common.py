"""What the bench commands share: how a bench's table is shown."""

import json
from pathlib import Path

from twinkeel.cli.options import Format


def show_columns(folder: Path, format: Format) -> None:  # noqa: A002
    """Print a bench's table, and write it beside its histories. Raises UsageError when the folder holds no bench."""
    from rich.console import Console
    from rich.table import Table

    from twinkeel.app.bench_results import write_table

    measured = write_table(folder)
    if format is Format.json:
        print(json.dumps(measured.as_json))
        return
    console = Console(highlight=False, emoji=False)
    # Rich takes 80 columns where there is no terminal, and would cut the cells.
    console.width = max(console.width, 30 + 18 * len(measured.configurations))
    for rows, explanation in measured.tables:
        table = Table("fault", *measured.configurations)
        for row in rows:
            table.add_row(*row)
        console.print(table)
        console.print(explanation, markup=False)
    for remark in measured.remarks:
        console.print(remark, markup=False)
