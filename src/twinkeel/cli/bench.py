"""`twinkeel bench`: the same faults on other configurations of the load balancers, in one table."""

import json
from pathlib import Path
from typing import Annotated

import click
import typer
from typer.core import TyperGroup

from twinkeel.cli import bench_data_path, bench_run
from twinkeel.cli.bench_common import show_columns
from twinkeel.cli.options import Format, OutputFormat


class RunByDefault(TyperGroup):
    """`twinkeel bench seed` is `twinkeel bench run seed`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See click.Group."""
        known = {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, args if args and args[0] in known else ["run", *args])


app = typer.Typer(add_completion=False, cls=RunByDefault)


@app.callback()
def bench() -> None:
    """Run the same faults on other configurations of the load balancers, and compare each with ours.

    Without a command: `run`. `bench run --help` shows its options.
    """


app.command("run")(bench_run.run)
app.command("data-path")(bench_data_path.data_path)
app.command("restore")(bench_run.restore)


@app.command("list")
def list_configurations(format: OutputFormat = Format.text) -> None:  # noqa: A002
    """Show every configuration, where its settings are from, and what had to be written differently."""
    from dataclasses import asdict

    from rich.console import Console

    from twinkeel.app.bench_choice import CONFIGURATIONS
    from twinkeel.cli.text_layout import indented, usable_width

    if format is Format.json:
        print(json.dumps([asdict(each) for each in CONFIGURATIONS]))
        return
    console = Console(highlight=False, emoji=False)
    for each in CONFIGURATIONS:
        console.print(f"[bold]{each.id}[/]  {each.title}")
        for line in (f"Source: {each.source}", *(f"Differs: {what}" for what in each.differs)):
            console.print(indented(line, usable_width(console.width)), markup=False, soft_wrap=True)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="What `twinkeel bench -o` wrote.")],
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Judge the histories of a bench again and show its table; also writes bench.md and bench.json there."""
    show_columns(folder, format)
