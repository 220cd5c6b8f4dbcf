"""`twinkeel apply`."""

import json
import os
from dataclasses import asdict

import typer

from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile

app = typer.Typer(add_completion=False)


@app.command()
def apply(file: SpecFile = DEFAULT_SPEC, format: OutputFormat = Format.text) -> None:  # noqa: A002
    """Bring the load balancers to what the spec says, verified through the virtual IP.

    Standby first, one at a time. Each host's own haproxy and keepalived judge the new files before any is replaced.
    A second run changes nothing. Progress goes to standard error.
    """
    import asyncio
    from datetime import datetime

    import platformdirs

    from twinkeel.apply.apply import ApplyResult
    from twinkeel.apply.apply import apply as run_apply
    from twinkeel.cli.apply_progress import ApplyProgress
    from twinkeel.cli.load import load_topology
    from twinkeel.hosts.ssh import SshHosts

    topology = load_topology(file)
    logs = platformdirs.user_state_path("twinkeel") / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = logs / f"apply-{topology.name}-{datetime.now().astimezone():%Y%m%dT%H%M%S}-{os.getpid()}.log"

    async def run() -> ApplyResult:
        async with SshHosts() as hosts:
            with ApplyProgress() as progress:
                return await run_apply(topology, hosts, log, progress.show)

    result = asyncio.run(run())
    if format is Format.json:
        print(json.dumps({**asdict(result), "log": str(log)}))
        return
    changed = [f"{host}: {count} changed" for host, count in result.changed.items() if count]
    print(f"{', '.join(changed) if changed else 'nothing to change'} ({result.seconds:.1f} s)")
    if result.changed_anything:
        print(f"log: {log}")
