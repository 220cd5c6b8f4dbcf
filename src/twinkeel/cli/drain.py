"""`twinkeel drain`."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile
from twinkeel.errors import EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from twinkeel.rotation.drain import RotationResult

app = typer.Typer(add_completion=False)

Node = Annotated[str, typer.Argument(help="A control-plane host: its short name.")]


@app.command()
def drain(
    node: Node,
    file: SpecFile = DEFAULT_SPEC,
    format: OutputFormat = Format.text,  # noqa: A002
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="Seconds to wait for its connections to end.")] = 60.0,
    force: Annotated[
        bool, typer.Option("--force", help="End the connections that are left, and leave fewer than half of the API servers.")
    ] = False,
    break_lock: BreakLock = False,
) -> None:
    """Take a control-plane host out of rotation on every load balancer, until `undrain`.

    It gets no new connections; the old ones may end by themselves. The state outlives reloads, restarts and `apply`.
    Exit code 1: connections were left after the timeout; the host still gets no new ones.
    """
    import asyncio

    from twinkeel.cli.apply_progress import ApplyProgress
    from twinkeel.cli.load import load_topology
    from twinkeel.cli.nodes import control_plane_host
    from twinkeel.hosts.ssh import SshHosts
    from twinkeel.rotation.drain import drain as run_drain

    topology = load_topology(file)
    machine = control_plane_host(topology, node)

    async def run() -> "RotationResult":
        async with SshHosts() as hosts:
            return await run_drain(
                topology, hosts, machine, timeout=timeout, force=force, on_event=progress.show, break_lock=break_lock
            )

    with ApplyProgress(f"drain {node}", as_json=format is Format.json) as progress:
        result = asyncio.run(run())
        progress.finish(result, _sentence(result))
    raise typer.Exit(EXIT_NO if result.state == "draining" else EXIT_GOOD)


def _sentence(result: "RotationResult") -> str:
    if result.state == "drained":
        return f"{result.node} is drained; `twinkeel undrain {result.node}` puts it back"
    return (
        f"{result.node} gets no new connections, but {result.connections} old ones are left. "
        f"Wait with `twinkeel drain {result.node}`, end them with --force, or put it back with `twinkeel undrain {result.node}`."
    )
