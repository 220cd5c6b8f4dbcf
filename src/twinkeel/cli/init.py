"""`twinkeel init`: a new spec and its passwords, from questions or from options."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from twinkeel.cli.options import DEFAULT_FILE, DEFAULT_SPEC, SpecFile
from twinkeel.cli.which_specs import one_spec

app = typer.Typer(add_completion=False)

Hosts = list[str]
HOST = "NAME=ADDRESS"


@app.command()
def init(
    name: Annotated[str | None, typer.Option(help="The cluster's name.", show_default=False)] = None,
    domain: Annotated[str | None, typer.Option(help="The domain of its hosts.", show_default=False)] = None,
    endpoint: Annotated[str | None, typer.Option(help="The DNS name of the API.", show_default="api.DOMAIN")] = None,
    vip: Annotated[Hosts, typer.Option(metavar="ADDRESS/PREFIX", help="A virtual IP; repeatable.")] = [],  # noqa: B006
    load_balancer: Annotated[Hosts, typer.Option(metavar=HOST, help="A load balancer; give two or more.")] = [],  # noqa: B006
    control_plane: Annotated[Hosts, typer.Option(metavar=HOST, help="A control-plane host; give three, five or seven.")] = [],  # noqa: B006
    worker: Annotated[Hosts, typer.Option(metavar=HOST, help="A worker; repeatable.")] = [],  # noqa: B006
    port: Annotated[
        str | None,
        typer.Option(help="The endpoint's port. Required when load balancers are control-plane hosts.", show_default="6443"),
    ] = None,
    interface: Annotated[str | None, typer.Option(help="The network interface of the hosts.", show_default="eth0")] = None,
    profile: Annotated[str | None, typer.Option(help="fast, or steady for busy machines.", show_default="fast")] = None,
    ssh_user: Annotated[str | None, typer.Option(help="The SSH user.", show_default="root")] = None,
    secrets_file: Annotated[
        str | None, typer.Option(help="The secrets file, beside the spec.", show_default="secrets.yaml")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; a missing option is an error.")] = False,
    file: SpecFile = DEFAULT_SPEC,
) -> None:
    """Write a new spec and its secrets file. In a terminal, asks for whatever no option gives.

    ADDRESS may be ADDRESS,IPV6-ADDRESS in a dual-stack cluster. A host that already has another role is given by its NAME alone.
    Neither file may exist yet. Ctrl-C leaves nothing behind.
    """
    from twinkeel.app.init import passwords_path
    from twinkeel.cli.init_flags import draft_from_flags
    from twinkeel.cli.init_prompts import draft_from_answers
    from twinkeel.spec.draft import Draft

    start = Draft(secrets_file=secrets_file)
    given = {
        "name": _one(name),
        "domain": _one(domain),
        "endpoint": _one(endpoint),
        "vips": tuple(vip),
        "interface": _one(interface),
        "load_balancers": tuple(load_balancer),
        "control_plane": tuple(control_plane),
        "workers": tuple(worker),
        "port": _one(port),
        "profile": _one(profile),
        "ssh_user": _one(ssh_user),
    }
    spec = one_spec(file)
    passwords = passwords_path(spec, secrets_file)
    asks = not yes and is_terminal()
    _write(spec, passwords, (draft_from_answers(start, given) if asks else draft_from_flags(start, given)).text())


def is_terminal() -> bool:
    """Whether somebody can answer."""
    return sys.stdin.isatty()


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _write(file: Path, passwords: Path, text: str) -> None:
    from twinkeel.app.init import write_spec
    from twinkeel.cli.load import show_findings

    # The same words as `check`: warnings are shown, and a spec with errors is not written.
    write_spec(file, passwords, text, show_findings)
    option = "" if file == DEFAULT_FILE else f" -f {file}"
    print(f"written: {file}\nwritten: {passwords} (mode 0600; keep it out of Git)\nnext:")
    for command, does in _NEXT:
        print(f"  twinkeel {command + option:<{13 + len(option)}}  {does}")


_NEXT = (
    ("check", "shows every problem of the spec"),
    ("explain", "shows what it means, with every default"),
    ("render -o out", "writes every file that will be on the hosts"),
    ("apply", "brings the load balancers to it"),
)
