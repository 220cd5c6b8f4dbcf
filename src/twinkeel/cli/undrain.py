"""`twinkeel undrain`."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.drain import Node
from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile

if TYPE_CHECKING:
    from twinkeel.rotation.drain import RotationResult

app = typer.Typer(add_completion=False)


@app.command()
def undrain(
    node: Node,
    file: SpecFile = DEFAULT_SPEC,
    format: OutputFormat = Format.text,  # noqa: A002
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="Seconds to wait for its health checks to pass.")] = 60.0,
    break_lock: BreakLock = False,
) -> None:
    """Put a control-plane host back into rotation on every load balancer."""
    import asyncio

    from twinkeel.cli.apply_progress import ApplyProgress
    from twinkeel.cli.load import load_topology
    from twinkeel.cli.nodes import control_plane_host
    from twinkeel.hosts.ssh import SshHosts
    from twinkeel.rotation.drain import undrain as run_undrain

    topology = load_topology(file)
    machine = control_plane_host(topology, node)

    async def run() -> "RotationResult":
        async with SshHosts() as hosts:
            return await run_undrain(topology, hosts, machine, timeout=timeout, on_event=progress.show, break_lock=break_lock)

    with ApplyProgress(f"undrain {node}", as_json=format is Format.json) as progress:
        result = asyncio.run(run())
        progress.finish(result, f"{result.node} is back in rotation")
