"""`twinkeel switchover`."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli import complete
from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile

if TYPE_CHECKING:
    from twinkeel.app.switchover import SwitchoverResult
    from twinkeel.topology.model import Topology

app = typer.Typer(add_completion=False)

Target = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="LB", help="The new holder; default: whichever takes over.", autocompletion=complete.load_balancers
    ),
]
Address = Annotated[
    str | None,
    typer.Option("--vip", metavar="ADDRESS", help="Which virtual IP; default: the first one.", autocompletion=complete.virtual_ips),
]


@app.command()
def switchover(
    file: SpecFile = DEFAULT_SPEC,
    to: Target = None,
    vip: Address = None,
    format: OutputFormat = Format.text,  # noqa: A002
    break_lock: BreakLock = False,
) -> None:
    """Move the virtual IP to another load balancer on purpose, for example before maintenance.

    It refuses a target that is not healthy, and verifies before and after that the API answers through the virtual IP.
    A load balancer that holds several virtual IPs gives all of them away.
    """
    from ipaddress import ip_address

    from twinkeel.app.switchover import switchover as run_switchover
    from twinkeel.cli.load import open_context
    from twinkeel.cli.show_work import show_work
    from twinkeel.errors import UsageError

    context = open_context(file, break_lock=break_lock)
    try:
        address = ip_address(vip) if vip is not None else None
    except ValueError as error:
        raise UsageError(f"{vip!r} is no address", hint="--vip takes an address without a prefix length") from error
    show_work(
        context,
        f"switchover {context.topology.name}",
        lambda given: run_switchover(given, to=to, vip=address),
        lambda result: _sentence(context.topology, result),
        as_json=format is Format.json,
    )


def _sentence(topology: "Topology", result: "SwitchoverResult") -> str:
    lines = [f"{move.vip} moved from {move.source} to {move.target} within {move.seconds * 1000:.0f} ms" for move in result.moves]
    if not result.moves:
        lines = [", ".join(f"{held} is on {name}" for held, name in result.holders.items()) + ": nothing to move"]
    failback = {balancer.instances[0].failback for balancer in topology.load_balancers} - {None}
    if result.moves and failback:
        after = max(filter(None, failback), default=0)
        lines.append(f"the spec lets virtual IPs go back to their first load balancer after {after:g} s")
    return "\n".join(lines)
