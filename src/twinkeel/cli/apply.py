"""`twinkeel apply`."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile

if TYPE_CHECKING:
    from twinkeel.rollout.run import ApplyResult

app = typer.Typer(add_completion=False)


@app.command()
def apply(
    file: SpecFile = DEFAULT_SPEC,
    format: OutputFormat = Format.text,  # noqa: A002
    break_lock: BreakLock = False,
    no_preflight: Annotated[bool, typer.Option("--no-preflight", help="Begin without the checks that protect an apply.")] = False,
) -> None:
    """Bring the load balancers to what the spec says, verified through the virtual IP.

    Standby first, verified, undone where it fails. Each host's own haproxy and keepalived judge the new files before any is
    replaced, and virtual IPs move away from a load balancer before it is worked on. A second run changes nothing.
    """
    import asyncio

    from twinkeel.cli.apply_progress import ApplyProgress
    from twinkeel.cli.load import load_topology_and_secrets
    from twinkeel.cli.run_log import new_log
    from twinkeel.hosts.ssh import SshHosts
    from twinkeel.rollout.apply import apply as run_apply

    topology, secrets = load_topology_and_secrets(file)
    log = new_log("apply", topology.name)

    hosts_to_change = [balancer.machine.name for balancer in topology.load_balancers]

    async def run() -> "ApplyResult":
        async with SshHosts() as hosts:
            return await run_apply(
                topology, hosts, log, progress.show, secrets=secrets, break_lock=break_lock, preflight=not no_preflight
            )

    with ApplyProgress(f"apply {topology.name}", as_json=format is Format.json, hosts=hosts_to_change, log=log) as progress:
        result = asyncio.run(run())
        progress.finish(result, _sentence(result))


def _sentence(result: "ApplyResult") -> str:
    changed = [f"{host}: {count} changed" for host, count in result.changed.items() if count]
    lines = [f"{', '.join(changed) if changed else 'nothing to change'} ({result.seconds:.1f} s)"]
    if result.generation is not None:
        lines.append(f"what was there before is generation {result.generation} (`twinkeel rollback` brings it back)")
    return "\n".join(lines)
