"""`twinkeel kubeconfig`."""

import json
import os
import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.errors import UsageError

if TYPE_CHECKING:
    from twinkeel.kubeconfig.write import Written
    from twinkeel.topology.model import Topology

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
    merge: Annotated[
        bool, typer.Option("--merge", help="Put it into ~/.kube/config (or KUBECONFIG, or --output) as a context.")
    ] = False,
    context: Annotated[str | None, typer.Option("--context", help="With --merge: the context's name; default: the spec's.")] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print it instead of writing a file.")] = False,
    print_env: Annotated[
        bool, typer.Option("--print-env", help='Print only the export line: eval "$(twinkeel kubeconfig --print-env)".')
    ] = False,
    server: Annotated[Server, typer.Option(help="Name the virtual IP or the endpoint's name as the server.")] = Server.vip,
    from_artifacts: Annotated[
        bool, typer.Option("--from-artifacts", help="Take the admin.conf that Kubespray left on this machine; no host is asked.")
    ] = False,
    artifacts_dir: Annotated[
        Path | None, typer.Option(help="With --from-artifacts: the folder; default: where `twinkeel kubespray run` keeps it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file or a context that twinkeel did not write.")] = False,
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Fetch admin.conf, point it at the endpoint, prove that TLS verifies.

    Nothing is written unless the API answers through every virtual IP, with a certificate that verifies for each virtual IP
    and for the endpoint's name (with --server name: for the name), and knows the client.
    """
    import asyncio

    from twinkeel.cli.load import load_topology
    from twinkeel.hosts.ssh import SshHosts
    from twinkeel.kubeconfig.fetch import fetch_admin_conf, read_artifact
    from twinkeel.kubeconfig.rewrite import rewrite_server
    from twinkeel.kubeconfig.server import choose_server
    from twinkeel.kubeconfig.verify import verify_kubeconfig
    from twinkeel.kubeconfig.write import write_kubeconfig

    _refuse_contradictions(
        stdout=stdout, output=output, merge=merge, print_env=print_env, context=context, as_json=format is Format.json
    )
    topology = load_topology(file, reading=True)
    url, by_name = choose_server(topology.endpoint, server.value), server is Server.name

    async def fetch() -> tuple[str, str]:
        if from_artifacts or artifacts_dir is not None:
            return read_artifact((artifacts_dir or _artifacts(topology.name)) / "admin.conf")
        async with SshHosts() as hosts:
            return await fetch_admin_conf(hosts, topology.control_plane)

    async def run() -> tuple[str, str, str]:
        fetched, where = await fetch()
        rewritten = rewrite_server(fetched, url, where)
        return rewritten, where, await verify_kubeconfig(rewritten, topology.endpoint, where, by_name=by_name)

    text, where, version = asyncio.run(run())
    if stdout:
        print(text, end="")
        return
    if merge:
        name = context or topology.name
        path, written = _merge(text, where, topology, name, output, force=force)
    else:
        name = ""
        path = output or Path.home() / ".kube" / f"twinkeel-{topology.name}.yaml"
        written = write_kubeconfig(path, topology.name, text, force=force)
    export = f"export KUBECONFIG={shlex.quote(str(path.absolute()))}"
    if print_env:
        print(export)
        return
    if format is Format.json:
        shown = {"path": str(path), "server": url, "from": where, "version": version, "file": written.value}
        print(json.dumps({**shown, "context": name} if merge else shown))
        return
    proved = [*(str(vip.ip) for vip in topology.endpoint.vips if not by_name), topology.endpoint.name]
    print(f"{written.value}: {path} (from {where})")
    print(f"{url} answers as {version}; its certificate verifies for {' and '.join(proved)}")
    print(f"kubectl --context {shlex.quote(name)} get nodes" if merge else export)


def _refuse_contradictions(
    *, stdout: bool, output: Path | None, merge: bool, print_env: bool, context: str | None, as_json: bool
) -> None:
    if stdout and (output is not None or as_json or merge or print_env):
        raise UsageError("--stdout prints the kubeconfig itself", hint="leave out --output, --merge, --print-env and --format json")
    if print_env and as_json:
        raise UsageError("--print-env prints a line for the shell", hint="leave out --format json")
    if context is not None and not merge:
        raise UsageError("--context names the context that --merge writes", hint="add --merge")
    if context == "":
        raise UsageError("a context needs a name", hint="--context NAME")


def _merge(
    text: str, where: str, topology: "Topology", context: str, output: Path | None, *, force: bool
) -> tuple[Path, "Written"]:
    from twinkeel.kubeconfig.document import parse_kubeconfig
    from twinkeel.kubeconfig.merge import merge_kubeconfig
    from twinkeel.kubeconfig.target import choose_target, has_current_context, read_text
    from twinkeel.kubeconfig.write import update_kubeconfig

    path = output or choose_target(context, os.environ, Path.home())
    ours = parse_kubeconfig(text, where)
    read_text(path)
    # With --output the file is one of its own, whatever KUBECONFIG lists.
    has_current = output is None and has_current_context(os.environ, path)

    def merged(old: str) -> str:
        return merge_kubeconfig(old, str(path), ours, context, topology.name, force=force, has_current=has_current)

    return path, update_kubeconfig(path, merged)


def _artifacts(cluster: str) -> Path:
    from twinkeel.kubespray.folders import cluster_folder

    return cluster_folder(cluster) / "inventory" / "artifacts"
