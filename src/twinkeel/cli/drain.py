"""`twinkeel drain`."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli import complete
from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile
from twinkeel.errors import EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from twinkeel.app.rotation import RotationResult

app = typer.Typer(add_completion=False)

Node = Annotated[
    str,
    typer.Argument(
        help="A control-plane host, or with `endpoint.mode: bgp` a load balancer: its short name.",
        autocompletion=complete.control_plane,
    ),
]


@app.command()
def drain(
    node: Node,
    file: SpecFile = DEFAULT_SPEC,
    format: OutputFormat = Format.text,  # noqa: A002
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="Seconds to wait for its connections to end.")] = 60.0,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Close the connections that remain, even if fewer than half of the API servers are left in rotation."
        ),
    ] = False,
    break_lock: BreakLock = False,
) -> None:
    """Take a control-plane host out of rotation on every load balancer, until `undrain`.

    It gets no new connections; existing ones may end by themselves. The state survives reloads, restarts and `apply`.
    Exit code 1: connections remained after the timeout; the host still gets no new ones.

    With `endpoint.mode: bgp` a load balancer withdraws the virtual IPs while another one announces them, until `undrain`, the next
    `apply` or its next boot; its connections are reset by the load balancers that get them.
    """
    from twinkeel.app.announcers import announcing_load_balancer, enter_standby
    from twinkeel.app.rotation import control_plane_host
    from twinkeel.app.rotation import drain as run_drain
    from twinkeel.cli.load import open_context
    from twinkeel.cli.show_work import show_work

    context = open_context(file, break_lock=break_lock)
    balancer = announcing_load_balancer(context.topology, node)
    if balancer is not None:
        show_work(
            context,
            f"drain {node}",
            lambda given: enter_standby(given, balancer),
            lambda withdrawn: f"{withdrawn.node} announces nothing; `twinkeel undrain {withdrawn.node}` ends that",
            as_json=format is Format.json,
        )
        return
    machine = control_plane_host(context.topology, node)
    result = show_work(
        context,
        f"drain {node}",
        lambda given: run_drain(given, machine, timeout=timeout, force=force),
        _sentence,
        as_json=format is Format.json,
    )
    raise typer.Exit(EXIT_NO if result.state == "draining" else EXIT_GOOD)


def _sentence(result: "RotationResult") -> str:
    if result.state == "drained":
        return f"{result.node} is drained; `twinkeel undrain {result.node}` puts it back"
    return (
        f"{result.node} gets no new connections, but {result.connections} old ones are left. "
        f"Wait with `twinkeel drain {result.node}`, end them with --force, or put it back with `twinkeel undrain {result.node}`."
    )
