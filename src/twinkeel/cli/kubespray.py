"""`twinkeel kubespray`: fetch a release, and run its playbooks with guards and progress."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli import complete
from twinkeel.cli.kubespray_mirror import app as mirror_app
from twinkeel.cli.options import DEFAULT_SPEC, SpecFile

if TYPE_CHECKING:
    from twinkeel.app.kubespray import Action, Procedure
    from twinkeel.spec.release_support import ReleaseSupport
    from twinkeel.support.events import Event

app = typer.Typer(
    add_completion=False, help="The Kubespray life cycle: fetch a release, run its playbooks with guards.", no_args_is_help=True
)

app.add_typer(mirror_app, name="mirror")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the exact commands and their environment; run nothing.")]
SkipPreflight = Annotated[bool, typer.Option("--skip-preflight", help="Skip the preflight checks of the nodes.")]
NoApply = Annotated[bool, typer.Option("--no-apply", help="Leave the load balancers as they are.")]
Extra = Annotated[list[str] | None, typer.Argument(help="After --: more options for ansible-playbook.", metavar="[-- OPTION...]")]


@app.command()
def fetch(
    file: SpecFile = DEFAULT_SPEC,
    tag: Annotated[str | None, typer.Option(help="A tag; default: the spec's kubernetes.kubespray.")] = None,
    source: Annotated[str, typer.Option(help="A git URL, a mirror, or a path.")] = "https://github.com/kubernetes-sigs/kubespray",
    wheelhouse: Annotated[Path | None, typer.Option(help="A folder of wheels, for a machine without internet access.")] = None,
    python: Annotated[
        str | None,
        typer.Option(help="The Python that the environment is made with; default: one that the release's Ansible needs."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Fetch it again.")] = False,
) -> None:
    """Fetch a Kubespray release: a checkout of its tag, and a Python environment with the Ansible that it accepts.

    Several releases can be kept side by side. An interrupted fetch is never used; run it again.
    """
    from twinkeel.app.kubespray import FetchOptions, fetch_release, support_of
    from twinkeel.cli.load import open_context

    wanted = tag or open_context(file).topology.cluster.kubespray
    release = fetch_release(wanted, FetchOptions(source, python, wheelhouse, force), lambda text: print(text, file=sys.stderr))
    facts = release.facts()
    print(f"{wanted}: {release.folder} (commit {facts['commit'][:12]}, ansible-core {facts['ansible']})")
    print(_supports(support_of(release)))


def _supports(release: "ReleaseSupport") -> str:
    """What was read of a release, in one line."""
    if not release.versions:
        return "its files do not say which Kubernetes it installs"
    removed = f"; removed variables: {', '.join(release.removed_variables)}" if release.removed_variables else ""
    default = f", {release.default} by default" if release.default else ""
    return f"installs Kubernetes {', '.join(release.ranges())}{default} ({', '.join(sorted(release.versions))}){removed}"


@app.command()
def run(
    file: SpecFile = DEFAULT_SPEC,
    dry_run: DryRun = False,
    skip_preflight: SkipPreflight = False,
    no_apply: NoApply = False,
    extra: Extra = None,
) -> None:
    """Install the cluster, or bring it in line with the spec (cluster.yml). Also adds control-plane hosts.

    Afterwards the load balancers get every backend, and verify certificates.
    """
    _run(file, "run", extra=extra, dry_run=dry_run, skip_preflight=skip_preflight, no_apply=no_apply)


@app.command()
def scale(
    nodes: Annotated[
        list[str] | None,
        typer.Argument(
            help="Only these new workers; default: all. After --: options for ansible-playbook.", autocompletion=complete.nodes
        ),
    ] = None,
    file: SpecFile = DEFAULT_SPEC,
    dry_run: DryRun = False,
    skip_preflight: SkipPreflight = False,
    no_apply: NoApply = False,
    option: Annotated[list[str] | None, typer.Option("--ansible", help="One more option for ansible-playbook; repeatable.")] = None,
) -> None:
    """Add workers that are in the spec but not in the cluster (scale.yml).

    If they run a service of the spec, its backends are added afterwards.
    """
    names, more = _nodes_and_options(nodes or ())
    _run(
        file,
        "scale",
        names=names,
        extra=(*(option or ()), *more),
        dry_run=dry_run,
        skip_preflight=skip_preflight,
        no_apply=no_apply,
    )


@app.command()
def upgrade(
    file: SpecFile = DEFAULT_SPEC, dry_run: DryRun = False, skip_preflight: SkipPreflight = False, extra: Extra = None
) -> None:
    """Upgrade Kubernetes to the spec's version, one node at a time (upgrade-cluster.yml). One minor version at a time."""
    _run(file, "upgrade", extra=extra, dry_run=dry_run, skip_preflight=skip_preflight)


@app.command()
def remove_node(
    nodes: Annotated[
        list[str],
        typer.Argument(
            help="Nodes; the spec still has them. After --: options for ansible-playbook.", autocompletion=complete.nodes
        ),
    ],
    file: SpecFile = DEFAULT_SPEC,
    dead: Annotated[bool, typer.Option("--dead", help="The nodes no longer answer.")] = False,
    dry_run: DryRun = False,
    no_apply: NoApply = False,
    option: Annotated[list[str] | None, typer.Option("--ansible", help="One more option for ansible-playbook; repeatable.")] = None,
) -> None:
    """Drain nodes and take them out of the cluster (remove-node.yml); a control-plane host's backend goes first."""
    names, more = _nodes_and_options(nodes)
    _run(file, "remove-node", names=names, dead=dead, extra=(*(option or ()), *more), dry_run=dry_run, no_apply=no_apply)


@app.command()
def reset(
    file: SpecFile = DEFAULT_SPEC,
    confirm: Annotated[str | None, typer.Option(help="The cluster's name, instead of typing it.")] = None,
    dry_run: DryRun = False,
    extra: Extra = None,
) -> None:
    """Destroy the cluster: remove Kubernetes from every node (reset.yml). Asks for the cluster's name as confirmation."""
    _run(file, "reset", extra=extra, dry_run=dry_run, confirm=confirm)


@app.command()
def recover(
    broken: Annotated[
        list[str],
        typer.Option(
            "--broken", help="A control-plane or etcd host that is lost; repeatable.", autocompletion=complete.control_plane
        ),
    ],
    file: SpecFile = DEFAULT_SPEC,
    dry_run: DryRun = False,
    skip_preflight: SkipPreflight = False,
    no_apply: NoApply = False,
    extra: Extra = None,
) -> None:
    """Rebuild the control plane from a healthy host (recover-control-plane.yml)."""
    _run(file, "recover", names=broken, extra=extra, dry_run=dry_run, skip_preflight=skip_preflight, no_apply=no_apply)


def _nodes_and_options(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Nodes, and what came after `--`: the command line parser takes both for nodes, and no node's name begins with a hyphen."""
    first = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    return words[:first], words[first:]


def _run(
    file: Sequence[Path],
    action: "Action",
    *,
    names: Sequence[str] = (),
    dead: bool = False,
    extra: Sequence[str] | None = None,
    dry_run: bool = False,
    skip_preflight: bool = False,
    no_apply: bool = False,
    confirm: str | None = None,
) -> None:
    from twinkeel.app.kubespray import applies, confirm_reset, describe, prepare, run_procedure
    from twinkeel.cli.kubespray_progress import KubesprayView
    from twinkeel.cli.load import open_context

    # Passwords are asked for now, not after twenty minutes of Kubespray: its closing apply renders files with them.
    context = open_context(file, renders=applies(action, dry_run=dry_run, no_apply=no_apply)).reporting_to(_show_note)
    procedure = prepare(context, action, names=names, dead=dead, extra=extra or (), dry_run=dry_run)
    if dry_run:
        print(describe(procedure))
        return
    name = context.topology.name
    if action == "reset":
        confirm_reset(
            context.topology, confirm if confirm is not None else typer.prompt(f"Type the name of the cluster to destroy ({name})")
        )
    log = run_procedure(context, procedure, KubesprayView(), skip_preflight=skip_preflight, no_apply=no_apply)
    print(f"done; log: {log}")
    _print_next_step(procedure)


def _show_note(event: "Event") -> None:
    from twinkeel.support.events import Notice

    if isinstance(event, Notice):
        print(event.text, file=sys.stderr)


def _print_next_step(procedure: "Procedure") -> None:
    request = procedure.request
    if request.action == "remove-node":
        names = ", ".join(node.name for node in request.nodes)
        print(f"now delete {names} from the spec; then `twinkeel apply` changes nothing")
    elif request.action == "run":
        print("next: twinkeel kubeconfig --merge")
