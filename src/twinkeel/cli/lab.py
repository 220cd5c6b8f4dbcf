"""`twinkeel lab`: the whole system, with the real daemons, on this machine."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from twinkeel.cli import complete
from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.cli.which_specs import one_spec
from twinkeel.errors import UsageError

if TYPE_CHECKING:
    from twinkeel.lab.model import LabHost, LabLayout, LabPaths

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Run the whole system, with the real daemons, on this machine. Needs root."
)

LabName = Annotated[
    str | None,
    typer.Option("--name", help="Which lab; default: the spec's name, or the only lab there is.", autocompletion=complete.labs),
]
LabFile = Annotated[Path | None, typer.Option("-f", "--file", envvar="TWINKEEL_FILE", help="The spec whose lab is meant.")]
HostName = Annotated[str, typer.Argument(metavar="HOST", help="A host's name or address.", autocompletion=complete.lab_hosts)]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until sshd answers.")]

PASS_THROUGH = {"ignore_unknown_options": True}


@app.command()
def up(
    file: SpecFile = DEFAULT_SPEC,
    name: Annotated[str | None, typer.Option("--name", help="The lab's name; default: the spec's.")] = None,
    kubernetes: Annotated[
        str, typer.Option(metavar="auto|release|distribution|DIR", help="Where Kubernetes comes from; see docs/lab.md.")
    ] = "auto",
    mirror: Annotated[
        str | None, typer.Option("--kubernetes-mirror", envvar="TWINKEEL_KUBERNETES_MIRROR", help="A server of official releases.")
    ] = None,
    no_kubernetes: Annotated[bool, typer.Option("--no-kubernetes", help="Hosts only.")] = False,
    installer: Annotated[
        Literal["lab", "kubespray"], typer.Option(help="Who installs Kubernetes: the lab, or you with `twinkeel kubespray run`.")
    ] = "lab",
    suite: Annotated[
        str | None,
        typer.Option(metavar="bookworm|trixie|sid|noble", help="The hosts' release; default: this Debian's, else bookworm."),
    ] = None,
) -> None:
    """Create the lab: every host of the spec, a client and an operator, with systemd and sshd."""
    from twinkeel.cli.load import load_topology
    from twinkeel.cli.progress import progress_bar
    from twinkeel.lab.layout import build_layout
    from twinkeel.lab.state import paths_of
    from twinkeel.lab.up import LabBuild, bring_up, chosen_suite

    _enter_root_namespaces()
    hosts = chosen_suite(suite)
    topology = load_topology(file)
    layout = build_layout(topology, name or topology.name, hosts.name)
    bare = installer == "kubespray"
    choice = None if no_kubernetes or bare else kubernetes
    build = LabBuild(
        layout, topology, one_spec(file).read_text(), paths_of(layout.name), lambda *_: None, hosts, choice, mirror, bare
    )
    with progress_bar(f"lab {layout.name}") as build.progress:
        bring_up(build)
    print(f"The lab {layout.name} is up on {hosts.title} ({hosts.name}): {', '.join(layout.names)}.")
    if build.binaries is not None:
        promise = " Nodes get Ready when the virtual IP works." if build.fit.nodes else ""
        print(f"{build.layout.kubernetes}.{promise}")
    for note in build.fit.notes:
        print(f"Note: {note}.")
    print("Next: twinkeel lab exec operator -- twinkeel apply")
    if bare:
        print(f"Then: twinkeel lab exec operator -- twinkeel kubespray run -- -e @{build.paths.overlay}")


@app.command()
def requirements() -> None:
    """List the reasons why a lab cannot run on this machine, one per line; exit code 1 if there are any."""
    from twinkeel.lab.requirements import missing
    from twinkeel.support.extras import absent

    reasons = [*absent("pyroute2"), *missing()]
    print("\n".join(reasons) if reasons else "A lab can be made on this machine.")
    raise typer.Exit(1 if reasons else 0)


@app.command()
def down(name: LabName = None, file: LabFile = None) -> None:
    """Remove the lab and everything it created. The image stays in the cache."""
    from twinkeel.lab.cleanup import remove_lab
    from twinkeel.lab.state import locked, paths_of

    _enter_root_namespaces()
    chosen = _lab_name(name, file)
    with locked(chosen):
        removed = remove_lab(paths_of(chosen))
    print(f"The lab {chosen} is removed." if removed else f"There is no lab {chosen}: nothing to remove.")


@app.command()
def status(name: LabName = None, file: LabFile = None, form: OutputFormat = Format.text) -> None:
    """Show every host: address, power, link, what its systemd says, and its daemons' versions."""
    import json
    from dataclasses import asdict

    from twinkeel.lab.overview import overview

    paths, layout = _lab(name, file)
    hosts = overview(paths, layout)
    if form is Format.json:
        fields = {"name": layout.name, "suite": layout.suite, "kubernetes": layout.kubernetes}
        print(json.dumps(fields | {"hosts": [asdict(host) for host in hosts]}, indent=2))
        return
    rows = [("HOST", "ROLE", "ADDRESS", "POWER", "LINK", "SYSTEMD", "DAEMONS")]
    for host in hosts:
        daemons = ", ".join(f"{name} {version}" for name, version in host.versions.items())
        rows.append((host.name, host.role, host.address, host.power, host.link, host.systemd, daemons))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if layout.suite:
        print(f"Suite: {layout.suite}")
    if layout.kubernetes:
        print(layout.kubernetes)


@app.command("exec")
def execute(
    host: HostName,
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The command and its arguments.")],
    name: LabName = None,
    file: LabFile = None,
) -> None:
    """Run a command in a host, as root; exits with its exit code.

    In `client` and `operator` it sees this machine's files with that host's network and the lab's names.
    """
    from twinkeel.lab.inside import exec_in_host

    paths, layout, machine = _host(name, file, host)
    exec_in_host(paths, layout, machine, command)


@app.command()
def shell(host: HostName, name: LabName = None, file: LabFile = None) -> None:
    """Open a shell in a host."""
    from twinkeel.lab.inside import exec_in_host
    from twinkeel.lab.model import OUTSIDE_ROLES

    paths, layout, machine = _host(name, file, host)
    # A login shell would set PATH anew; in client and operator it carries the lab's programs.
    exec_in_host(paths, layout, machine, ["/bin/bash"] if machine.role in OUTSIDE_ROLES else ["/bin/bash", "-l"])


@app.command(context_settings=PASS_THROUGH)
def logs(
    host: HostName,
    journalctl: Annotated[
        list[str] | None, typer.Argument(metavar="[JOURNALCTL OPTIONS]", help="Such as -u haproxy, or -f.")
    ] = None,
    name: LabName = None,
    file: Annotated[Path | None, typer.Option("--file", envvar="TWINKEEL_FILE", help="The spec whose lab is meant.")] = None,
) -> None:
    """Show a host's journal; options of journalctl are passed on."""
    from twinkeel.lab.inside import exec_inside_host

    paths, layout, machine = _host(name, file, host)
    pager = [] if sys.stdout.isatty() else ["--no-pager"]
    exec_inside_host(paths, layout, machine, ["journalctl", *pager, *(journalctl or [])])


@app.command("power-off")
def power_off(host: HostName, name: LabName = None, file: LabFile = None) -> None:
    """Cut a host's power: nothing is stopped, nothing is flushed."""
    from twinkeel.lab import power
    from twinkeel.lab.state import locked

    paths, layout, machine = _host(name, file, host)
    with locked(layout.name):
        power.power_off(paths, layout, machine)


@app.command("power-on")
def power_on(host: HostName, name: LabName = None, file: LabFile = None, wait: Wait = True) -> None:
    """Restore a host's power."""
    from twinkeel.lab import power
    from twinkeel.lab.ready import wait_for_ssh
    from twinkeel.lab.state import locked

    paths, layout, machine = _host(name, file, host)
    with locked(layout.name):
        power.power_on(paths, layout, machine)
    if wait:
        wait_for_ssh(paths, layout, [machine], lambda _host: None)


@app.command()
def reboot(host: HostName, name: LabName = None, file: LabFile = None) -> None:
    """Reboot a host by its own systemd, and wait until it answers again."""
    from twinkeel.lab import power
    from twinkeel.lab.ready import wait_for_ssh

    paths, layout, machine = _host(name, file, host)
    power.reboot(paths, layout, machine, lambda: wait_for_ssh(paths, layout, [machine], lambda _host: None))


@app.command()
def cut(host: HostName, name: LabName = None, file: LabFile = None) -> None:
    """Pull a host's network cable."""
    from twinkeel.lab import power
    from twinkeel.lab.state import locked

    paths, layout, machine = _host(name, file, host)
    with locked(layout.name):
        power.cut(paths, layout, machine)


@app.command()
def heal(host: HostName, name: LabName = None, file: LabFile = None) -> None:
    """Put a host's network cable back."""
    from twinkeel.lab import power
    from twinkeel.lab.state import locked

    paths, layout, machine = _host(name, file, host)
    with locked(layout.name):
        power.heal(paths, layout, machine)


def _enter_root_namespaces() -> None:
    from twinkeel.lab.requirements import require_root
    from twinkeel.lab.root_namespaces import enter_root_namespaces

    require_root()
    enter_root_namespaces()


def _lab(name: str | None, file: Path | None) -> "tuple[LabPaths, LabLayout]":
    from twinkeel.lab.state import load_layout, paths_of

    _enter_root_namespaces()
    paths = paths_of(_lab_name(name, file))
    return paths, load_layout(paths)


def _host(name: str | None, file: Path | None, host: str) -> "tuple[LabPaths, LabLayout, LabHost]":
    from twinkeel.lab.state import find_host

    paths, layout = _lab(name, file)
    return paths, layout, find_host(layout, host)


def _lab_name(name: str | None, file: Path | None) -> str:
    """--name, else the lab of the spec that was named, else the only lab there is."""
    from twinkeel.lab import state

    if name is not None:
        return name
    if file is not None and file.parent.parent == state.LABS:
        return file.parent.name
    if file is not None:
        from twinkeel.cli.load import load_topology

        return load_topology(file).name
    names = state.names()
    if len(names) != 1:
        hint = f"give --name, one of: {', '.join(names)}" if names else "`twinkeel lab up -f SPEC` makes one"
        raise UsageError("several labs are there" if names else "there is no lab", hint=hint)
    return names[0]
