"""`twinkeel kubeconfig`."""

import json
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.errors import UsageError

app = typer.Typer(add_completion=False)


class Server(StrEnum):
    """What the kubeconfig names as its server."""

    vip = "vip"
    name = "name"


@app.command()
def kubeconfig(
    file: SpecFile = DEFAULT_SPEC,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where it is written; default: ~/.kube/twinkeel-NAME.yaml.")
    ] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print it instead of writing a file.")] = False,
    server: Annotated[Server, typer.Option(help="Name the virtual IP or the endpoint's name as the server.")] = Server.vip,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that twinkeel did not write.")] = False,
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Fetch admin.conf, point it at the endpoint, prove that TLS verifies.

    Nothing is written unless the API answers through the virtual IP, with a certificate that verifies for the virtual IP and
    for the endpoint's name, and knows the client.
    """
    import asyncio

    from twinkeel.cli.load import load_topology
    from twinkeel.hosts.ssh import SshHosts
    from twinkeel.kubeconfig.fetch import fetch_admin_conf
    from twinkeel.kubeconfig.rewrite import rewrite_server
    from twinkeel.kubeconfig.server import choose_server
    from twinkeel.kubeconfig.verify import verify_kubeconfig
    from twinkeel.kubeconfig.write import write_kubeconfig

    if stdout and (output is not None or format is Format.json):
        raise UsageError("--stdout prints the kubeconfig itself", hint="leave out --output and --format json")
    topology = load_topology(file)
    url, note = choose_server(topology.endpoint, server.value)
    if note:
        print(f"twinkeel: {note}", file=sys.stderr)

    async def run() -> tuple[str, str, str]:
        async with SshHosts() as hosts:
            fetched, where = await fetch_admin_conf(hosts, topology.control_plane)
        rewritten = rewrite_server(fetched, url, where)
        return rewritten, where, await verify_kubeconfig(rewritten, topology.endpoint, where)

    text, where, version = asyncio.run(run())
    if stdout:
        print(text, end="")
        return
    path = output or Path.home() / ".kube" / f"twinkeel-{topology.name}.yaml"
    written = write_kubeconfig(path, topology.name, text, force=force)
    if format is Format.json:
        print(json.dumps({"path": str(path), "server": url, "from": where, "version": version, "file": written.value}))
        return
    print(f"{written.value}: {path} (from {where})")
    print(f"{url} answers as {version}; its certificate verifies for {topology.endpoint.vip.ip} and {topology.endpoint.name}")
    print(f"export KUBECONFIG={shlex.quote(str(path.absolute()))}")
