"""`twinkeel undrain`."""

from typing import Annotated

import typer

from twinkeel.cli.drain import Node
from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile

app = typer.Typer(add_completion=False)


@app.command()
def undrain(
    node: Node,
    file: SpecFile = DEFAULT_SPEC,
    format: OutputFormat = Format.text,  # noqa: A002
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="Seconds to wait for its health checks to pass.")] = 60.0,
    break_lock: BreakLock = False,
) -> None:
    """Put a control-plane host back into rotation on every load balancer.

    With `endpoint.mode: bgp` a load balancer announces the virtual IPs again, at once, also where it waits after a failure.
    """
    from twinkeel.app.announcers import announcing_load_balancer, leave_standby
    from twinkeel.app.rotation import control_plane_host
    from twinkeel.app.rotation import undrain as run_undrain
    from twinkeel.cli.load import open_context
    from twinkeel.cli.show_work import show_work

    context = open_context(file, break_lock=break_lock)
    balancer = announcing_load_balancer(context.topology, node)
    if balancer is not None:
        show_work(
            context,
            f"undrain {node}",
            lambda given: leave_standby(given, balancer),
            lambda back: f"{back.node} announces the virtual IPs",
            as_json=format is Format.json,
        )
        return
    machine = control_plane_host(context.topology, node)
    show_work(
        context,
        f"undrain {node}",
        lambda given: run_undrain(given, machine, timeout=timeout),
        lambda result: f"{result.node} is back in rotation",
        as_json=format is Format.json,
    )
