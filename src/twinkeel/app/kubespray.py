"""Use cases: Kubespray's playbooks with the load balancers before and after them, in the safe order."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from twinkeel.app.apply import apply
from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.kubespray.command import Action, Invocation, Request, with_whole_paths
from twinkeel.kubespray.events import Event
from twinkeel.kubespray.fetch import FetchOptions, fetch_release
from twinkeel.kubespray.folders import cluster_folder, releases_folder
from twinkeel.kubespray.guards import confirm_reset, find_nodes, guard, guard_order, guard_upgrade
from twinkeel.kubespray.kept_support import support_of
from twinkeel.kubespray.preflight import preflight, require
from twinkeel.kubespray.progress import Progress
from twinkeel.kubespray.release import Release, find_release
from twinkeel.kubespray.running_nodes import guard_node_names, running_nodes
from twinkeel.kubespray.workflow import Procedure, describe, new_log, plan, run_playbooks
from twinkeel.support.events import OnEvent
from twinkeel.topology.model import Topology

__all__ = [
    "Action",
    "FetchOptions",
    "Procedure",
    "confirm_reset",
    "describe",
    "fetch_release",
    "prepare",
    "run_procedure",
    "support_of",
]

ADDS_NODES: tuple[Action, ...] = ("run", "scale", "upgrade")


class PlaybookView(Protocol):
    """What is told of playbooks as they go on."""

    def announce(self, invocation: Invocation) -> None:
        """A playbook begins."""
        ...

    def show(self, event: Event, state: Progress) -> None:
        """One event, and the state after it."""
        ...

    def summary(self, state: Progress) -> None:
        """What came out of one playbook; all have ended."""
        ...


class View(Protocol):
    """Who watches a procedure."""

    def applying(self) -> AbstractContextManager[OnEvent]:
        """An apply, as long as it lasts; yields where its events go."""
        ...

    def playing(self) -> AbstractContextManager[PlaybookView]:
        """The playbooks, as long as they last."""
        ...


def applies(action: Action, *, dry_run: bool, no_apply: bool) -> bool:
    """Whether the procedure may bring load balancers to the spec: then passwords are asked for before it begins."""
    return action != "reset" and not (dry_run or no_apply)


def prepare(
    context: Context, action: Action, *, names: Sequence[str], dead: bool, extra: Sequence[str], dry_run: bool
) -> Procedure:
    """The procedure, once every guard that asks no host has let it pass.

    Args:
        names: the nodes that are meant; empty for all.
        dead: they do not answer any more.
        extra: more options for ansible-playbook; paths in them are relative to the working folder.
        dry_run: it is only to be described: the release need not have been fetched.

    Raises:
        UsageError: there is no such node, or a guard refuses.
        ToolError: the release was not fetched.
    """
    topology = context.topology
    request = Request(action, find_nodes(topology, names), dead, with_whole_paths(extra, Path.cwd()))
    guard(topology, request)
    tag = topology.cluster.kubespray
    release = Release(tag, releases_folder() / tag) if dry_run else find_release(tag)
    folder = cluster_folder(topology.name)
    if action in ADDS_NODES:
        guard_order(topology, folder)
    return plan(topology, release, folder, request)


def run_procedure(context: Context, procedure: Procedure, view: View, *, skip_preflight: bool, no_apply: bool) -> Path:
    """Ask the nodes, apply before, run the playbooks, apply after; the log. What fails is the last that was done.

    Raises:
        SpecError: a password is missing that an apply needs; nothing was done then.
        UsageError, HostError: a guard or a node refuses, or another playbook of this cluster is under way.
        ToolError, KeyboardInterrupt: see `twinkeel.kubespray.playbook.run_playbook`.
    """
    before, after = (None if no_apply else each for each in (procedure.before, procedure.after))
    if before is not None or after is not None:
        # Asked for now, not after twenty minutes of Kubespray.
        _ = context.secrets
    if procedure.request.action in ADDS_NODES or (procedure.check_first and not skip_preflight):
        asyncio.run(_check(context, procedure, skip_preflight=skip_preflight))
    log = new_log(procedure.folder, procedure.request.action)
    _apply(context, before, view)
    with view.playing() as shown:
        states = run_playbooks(procedure, log, shown.show, shown.announce)
    for state in states:
        shown.summary(state)
    _apply(context, after, view)
    return log


async def _check(context: Context, procedure: Procedure, *, skip_preflight: bool) -> None:
    topology, request = procedure.topology, procedure.request
    broken = request.nodes if request.action == "recover" else ()
    async with ClusterHosts(context).reading() as hosts:
        if request.action in ADDS_NODES:
            await _guard_names(context, topology, hosts, skip_preflight=skip_preflight)
        if request.action == "upgrade":
            running = await guard_upgrade(topology, hosts)
            context.note(f"from {running} to {topology.cluster.version}")
        if not skip_preflight:
            require(await preflight(topology, hosts, [node for node in topology.nodes if node not in broken]))


async def _guard_names(context: Context, topology: Topology, hosts: Reader, *, skip_preflight: bool) -> None:
    try:
        names = await running_nodes(topology, hosts)
    except HostError as error:
        if not skip_preflight:
            raise
        context.note(f"twinkeel: the running nodes' names could not be compared: {error.what}")
    else:
        guard_node_names(topology, names)


def _apply(context: Context, topology: Topology | None, view: View) -> None:
    """Bring the load balancers to a topology of this cluster; None leaves them as they are."""
    if topology is not None:
        with view.applying() as on_event:
            asyncio.run(apply(replace(context, topology=topology).reporting_to(on_event), preflight=False))
