"""`twinkeel apply`."""

import json
from dataclasses import asdict

import typer

from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile

app = typer.Typer(add_completion=False)


@app.command()
def apply(file: SpecFile = DEFAULT_SPEC, format: OutputFormat = Format.text, break_lock: BreakLock = False) -> None:  # noqa: A002
    """Bring the load balancers to what the spec says, verified through the virtual IP.

    Standby first, verified, undone where it fails. Each host's own haproxy and keepalived judge the new files before any is
    replaced, and virtual IPs move away from a load balancer before it is worked on. A second run changes nothing.
    """
    import asyncio

    from twinkeel.apply.apply import ApplyResult
    from twinkeel.apply.apply import apply as run_apply
    from twinkeel.cli.apply_progress import ApplyProgress
    from twinkeel.cli.load import load_topology
    from twinkeel.cli.run_log import new_log
    from twinkeel.hosts.ssh import SshHosts

    topology = load_topology(file)
    log = new_log("apply", topology.name)

    async def run() -> ApplyResult:
        async with SshHosts() as hosts:
            with ApplyProgress() as progress:
                return await run_apply(topology, hosts, log, progress.show, break_lock=break_lock)

    result = asyncio.run(run())
    if format is Format.json:
        print(json.dumps({**asdict(result), "log": str(log)}))
        return
    changed = [f"{host}: {count} changed" for host, count in result.changed.items() if count]
    print(f"{', '.join(changed) if changed else 'nothing to change'} ({result.seconds:.1f} s)")
    if result.generation is not None:
        print(f"what was there before is generation {result.generation} (`twinkeel rollback` brings it back)")
    if result.changed_anything:
        print(f"log: {log}")
