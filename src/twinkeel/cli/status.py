"""`twinkeel status`."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.errors import EXIT_FAILED, EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from twinkeel.status.snapshot import Snapshot

app = typer.Typer(add_completion=False)

WATCH_PERIOD = 1.0


@app.command()
def status(
    file: SpecFile = DEFAULT_SPEC,
    format: OutputFormat = Format.text,  # noqa: A002
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second, until Ctrl-C.")] = False,
) -> None:
    """Show who holds the virtual IP, the backends, and whether the API is ready.

    Exit code 0: healthy. 1: something is not as it must be. 3: no host could be reached.
    """
    import asyncio

    from twinkeel.cli.load import load_topology
    from twinkeel.hosts.ssh import SshHosts
    from twinkeel.status.probe import take_snapshot

    topology = load_topology(file)

    async def run() -> "Snapshot":
        async with SshHosts() as hosts:
            while True:
                snapshot = await take_snapshot(hosts, topology)
                if not watch:
                    return snapshot
                _show(snapshot, format, clear=True)
                await asyncio.sleep(WATCH_PERIOD)

    snapshot = asyncio.run(run())
    _show(snapshot, format)
    code = EXIT_GOOD if snapshot.healthy else EXIT_FAILED if snapshot.nobody_answered else EXIT_NO
    raise typer.Exit(code)


def _show(snapshot: "Snapshot", format: Format, *, clear: bool = False) -> None:  # noqa: A002
    from rich.console import Console

    from twinkeel.status.snapshot import as_json

    if format is Format.json:
        print(json.dumps(as_json(snapshot)), flush=True)
        return
    console = Console(highlight=False, soft_wrap=True)
    if clear and console.is_terminal:
        console.clear()
    for line in _lines(snapshot):
        console.print(line)


def _lines(snapshot: "Snapshot") -> list[str]:
    from rich.markup import escape

    lines = [f"virtual IP  {vip.address}: {', '.join(vip.holders) or 'nobody'}" for vip in snapshot.vips]
    for balancer in snapshot.load_balancers:
        backends = ", ".join(f"{backend.name} {backend.status}" for backend in balancer.backends)
        lines.append(f"{balancer.name:<12}{balancer.vrrp_state:<12}haproxy {balancer.haproxy:<10}{backends}")
    lines += [f"{host.name:<12}{'ready' if host.ready else 'NOT READY'}" for host in snapshot.control_plane]
    lines = [escape(line) for line in lines]
    if snapshot.healthy:
        return [*lines, "[green]healthy[/]"]
    return [*lines, *(f"[red]problem[/]  {escape(problem)}" for problem in snapshot.problems)]
