"""`twinkeel kubeconfig`."""

import json
import shlex
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
    """Fetch admin.conf, point it at the endpoint, and prove that TLS verifies.

    Nothing is written unless the API answers through every virtual IP, with a certificate that verifies for each virtual IP
    and for the endpoint's name (with --server name: for the name), and knows the client.
    """
    from twinkeel.app.kubeconfig import artifacts_folder, fetch
    from twinkeel.app.kubeconfig import merge as put_into
    from twinkeel.app.kubeconfig import write as write_file
    from twinkeel.cli.load import open_context
    from twinkeel.cli.run_async import run

    _refuse_contradictions(
        stdout=stdout, output=output, merge=merge, print_env=print_env, context=context, as_json=format is Format.json
    )
    given = open_context(file, reading=True)
    artifacts = artifacts_dir or (artifacts_folder(given) if from_artifacts else None)
    fetched = run(fetch(given, server.value, artifacts))
    if stdout:
        print(fetched.text, end="")
        return
    name = context or given.topology.name
    if merge:
        path, written = put_into(given, fetched, name, output, force=force)
    else:
        path, written = write_file(given, fetched, output, force=force)
    export = f"export KUBECONFIG={shlex.quote(str(path.absolute()))}"
    if print_env:
        print(export)
        return
    if format is Format.json:
        shown = {
            "path": str(path),
            "server": fetched.server,
            "from": fetched.where,
            "version": fetched.version,
            "file": written.value,
        }
        print(json.dumps({**shown, "context": name} if merge else shown))
        return
    print(f"{written.value}: {path} (from {fetched.where})")
    print(f"{fetched.server} answers as {fetched.version}; its certificate verifies for {' and '.join(fetched.verified)}")
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
