"""`twinkeel import`: a spec from the files of a pair that somebody set up."""

import json
import sys
from ipaddress import ip_interface
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import Format, OutputFormat
from twinkeel.errors import EXIT_GOOD, EXIT_NO, UsageError
from twinkeel.spec.fields import is_address

if TYPE_CHECKING:
    from twinkeel.adopt.notes import NewAddresses
    from twinkeel.app.import_pair import Imported

app = typer.Typer(add_completion=False)
HOST = "NAME=ADDRESS"
EXAMPLES = """Examples:

  twinkeel import lb-1/ lb-2/ -o twinkeel.yaml

  twinkeel import lb-1/ lb-2/ --load-balancer lb-1=192.168.1.111 --load-balancer lb-2=192.168.1.112 --endpoint api.example.org

  twinkeel import --host root@lb-1 --host root@lb-2 -o twinkeel.yaml

  twinkeel import lb-1/ lb-2/ --inventory inventory/mycluster --diff
"""


@app.command(epilog=EXAMPLES)
def import_(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH...", help="Files or folders of the pair, as `twinkeel audit` takes them.")
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option("--host", metavar="HOST", help="A live host instead, read over SSH: USER@HOST[:PORT].")
    ] = None,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write the spec here, and the secrets found to secrets.yaml beside it."
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="The cluster's name.", show_default="imported")] = "",
    domain: Annotated[str, typer.Option(help="The domain of its hosts.", show_default="that of the servers' names")] = "",
    endpoint: Annotated[str, typer.Option(help="The DNS name of the API.", show_default="the virtual IP")] = "",
    vip: Annotated[
        list[str], typer.Option(metavar="ADDRESS/PREFIX", help="A virtual IP's prefix length, where the files have none.")
    ] = [],  # noqa: B006
    load_balancer: Annotated[
        list[str], typer.Option(metavar=HOST, help="A load balancer's own address: with multicast no file contains it.")
    ] = [],  # noqa: B006
    control_plane: Annotated[list[str], typer.Option(metavar=HOST, help="The address of a server that is given by name.")] = [],  # noqa: B006
    frontend: Annotated[
        str, typer.Option(help="The API's frontend, where that is ambiguous.", show_default="by port and name")
    ] = "",
    inventory: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Kubespray's inventory (YAML or INI): its hosts file, or the folder.")
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Compare the pair's files with those of the spec.")] = False,
    output: OutputFormat = Format.text,
) -> None:
    """Write a spec equivalent to a pair's files, and list every line that a spec cannot express.

    PATH: haproxy.cfg, keepalived.conf and check scripts of two hosts or more, or the folders that hold them. With --host the files
    are those that the hosts' units load, and the hosts' addresses are known. Nothing is changed.
    The spec goes to standard output, the list to standard error; with -o the list to standard output.
    Passwords are never shown: with -o they are written to secrets.yaml, otherwise only their positions are printed.

    --format json prints {"spec", "file", "assumed", "not_carried", "secrets", "valid", "diagnostics", "notes", "differences",
    "next"}.

    Exit codes: 0 the spec passes `twinkeel check`; 1 it does not; 2 wrong usage, nothing to import, or a value that no file and no
    option says; 3 a file cannot be read or written, or a host cannot be
    asked.
    """
    from twinkeel.adopt.notes import Given
    from twinkeel.app.import_inventory import read_inventory
    from twinkeel.app.import_pair import import_hosts, import_paths
    from twinkeel.cli.run_async import run

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if not (paths or host):
        raise UsageError("no files were named", hint="twinkeel import lb-1/ lb-2/; or --host lb-1 --host lb-2")
    if paths and host:
        raise UsageError("files and live hosts are two ways", hint="name the pair's files, or each of its hosts with --host")
    given = Given(
        name=name,
        domain=domain,
        endpoint=endpoint,
        frontend=frontend,
        inventory=read_inventory(inventory) if inventory else None,
        vips=tuple(_vip(text) for text in vip),
        load_balancers=_hosts("--load-balancer", load_balancer),
        control_plane=_hosts("--control-plane", control_plane),
    )
    if host:
        imported = run(import_hosts(host, given, output_file, diff=diff))
    else:
        imported = import_paths(paths or [], given, output_file, diff=diff)
    if output is Format.json:
        print(json.dumps(_as_json(imported, output_file), indent=2))
    else:
        _print_text(imported, output_file)
    raise typer.Exit(EXIT_GOOD if imported.checked.valid else EXIT_NO)


def _print_text(imported: "Imported", output_file: Path | None) -> None:
    from twinkeel.cli.show_import import as_text

    report = as_text(imported, output_file)
    if output_file is None:
        print(imported.adopted.text, end="", flush=True)
        print(f"\n{report}", end="", file=sys.stderr)
    else:
        print(report, end="")


def _as_json(imported: "Imported", output_file: Path | None) -> dict[str, object]:
    from twinkeel.adopt.report_json import adopted_json, differences_json
    from twinkeel.cli.show_import import next_commands
    from twinkeel.diagnostic import as_json

    checked = imported.checked
    return {
        **adopted_json(imported.adopted),
        "file": str(output_file) if output_file else None,
        "valid": checked.valid,
        "diagnostics": [as_json(item, checked.source) for item in checked.diagnostics],
        "notes": [{"file": file, "message": text} for file, text in imported.notes],
        "differences": differences_json(imported.differences) if imported.differences else None,
        "next": [command for command, _ in next_commands(output_file)],
    }


def _vip(text: str) -> str:
    try:
        address = ip_interface(text)
    except ValueError:
        address = None
    if address is None or "/" not in text:
        raise UsageError(f"--vip {text} is not ADDRESS/PREFIX", hint="write it like 192.168.1.110/24")
    return text


def _hosts(option: str, texts: list[str]) -> "dict[str, NewAddresses]":
    from twinkeel.adopt.notes import NewAddresses

    made = {}
    for text in texts:
        name, _, rest = text.partition("=")
        addresses = rest.split(",")
        if not name or len(addresses) > 2 or not all(map(is_address, addresses)):
            hint = "write it like lb-1=192.168.1.111, with an IPv6 address too: lb-1=192.168.1.111,fd00:1::111"
            raise UsageError(f"{option} {text} is not {HOST}", hint=hint)
        made[name] = NewAddresses(*addresses)
    return made
