"""The whole procedure: bring the load balancers to what the spec says, and prove it through the virtual IPs."""

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twinkeel.errors import HostError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.hosts.executor import Writer
from twinkeel.hosts.lock import cluster_lock, owner
from twinkeel.observe.balancer_state import BalancerState, balancer_state
from twinkeel.observe.host_state import HostState
from twinkeel.plan.make_plan import desired, read_states
from twinkeel.plan.model import Desired
from twinkeel.plan.order import batches
from twinkeel.plan.plan import plan
from twinkeel.preflight.preflight import essential_checks
from twinkeel.render.files import RenderedFiles
from twinkeel.render.haproxy import Trust
from twinkeel.render.services import packages_of
from twinkeel.render.systemd import DOWN_FILE
from twinkeel.rollout.decommissioned import require_stopped
from twinkeel.rollout.rollout import Rollout
from twinkeel.rollout.run_playbook import add_to_log
from twinkeel.rollout.write_project import write_project
from twinkeel.spec.model import MONITOR_PORT
from twinkeel.spec.secrets import Secrets
from twinkeel.status.readyz import ask_readyz, tls_context
from twinkeel.support.events import Note, OnEvent, StepEnded, StepStarted
from twinkeel.topology.model import Topology
from twinkeel.vip.handover import leave_standby
from twinkeel.vip.verify_endpoint import verify_virtual_ips
from twinkeel.vip.vrrp_compatibility import vrrp_incompatible_now

BOOTSTRAP_NOTE = (
    "No control-plane host has the cluster's certificate authority yet. HAProxy's health checks do NOT verify certificates, "
    "and /readyz was not asked. Run `twinkeel apply` again once Kubespray has installed the cluster."
)

# HAProxy answers on its loopback monitor: what says that it is dead is left over.
_CLEAR_DOWN = """
import sys, urllib.request
if urllib.request.urlopen("http://127.0.0.1:" + sys.argv[2] + "/live", timeout=2).status == 200:
    open(sys.argv[1], "w").write("0\\n")
"""


@dataclass(frozen=True)
class ApplyResult:
    """What came out: tasks that changed each host, the first virtual IP's holder and each one's, and whether TLS is verified.

    `generation` is the number under which the replaced files were kept; None when none was replaced.
    """

    changed: dict[str, int]
    holder: str
    trust: Trust
    seconds: float
    generation: int | None = None
    holders: dict[str, str] = field(default_factory=dict)

    @property
    def changed_anything(self) -> bool:
        """False when every host was as it must be."""
        return any(self.changed.values())


# Given the cluster's authority (None before there is one), what the load balancers shall have.
Decide = Callable[[str | None], Desired]


@dataclass(frozen=True)
class Run:
    """Where a run works, and how it tells about itself.

    `log` is where Ansible's output is kept; its folder exists. `on_event` is called from more than one thread, never by two at
    once. `break_lock` takes the lock from whoever holds it; with `held` this run has it already.
    """

    topology: Topology
    writer: Writer
    log: Path
    on_event: OnEvent
    break_lock: bool = False
    held: bool = False

    @asynccontextmanager
    async def step(self, title: str) -> AsyncIterator[list[str]]:
        """Tells when a step begins and ends; the body adds what came out of it."""
        began, details = time.monotonic_ns(), list[str]()
        self.on_event(StepStarted(title))
        yield details
        self.on_event(StepEnded(title, ", ".join(details), (time.monotonic_ns() - began) / 1e9))

    def note(self, text: str) -> None:
        """Something that the person must read."""
        self.on_event(Note(text))


async def apply(
    topology: Topology,
    writer: Writer,
    log: Path,
    on_event: OnEvent,
    *,
    secrets: Secrets | None = None,
    break_lock: bool = False,
    held: bool = False,
    preflight: bool = False,
) -> ApplyResult:
    """Install and configure HAProxy and Keepalived on every load balancer, standby first, and verify the result.

    `preflight` makes the checks that protect an apply before anything else; `held` says that the caller holds the lock.

    Raises:
        LockedError: another run works on these load balancers.
        HostError: a host cannot be reached, or a task failed on it; what was begun there was undone.
        ToolError: Ansible itself failed.
        VerificationError: a virtual IP does not answer as it must.
    """

    run = Run(topology, writer, log, on_event, break_lock, held)
    if preflight:
        async with run.step("Check what an apply needs") as details:
            checked = await essential_checks(writer, topology)
            details.append(f"{len(checked)} checks passed")
    return await converge(run, "apply", lambda ca: desired(topology, ca, secrets))


async def converge(run: Run, command: str, decide: Decide) -> ApplyResult:
    """Bring the load balancers to what `decide` says: judged, standby first, verified, undone where it fails.

    Where the plan says that nothing is to be done, nothing is started that could do it: no Ansible runs.
    """
    began = time.monotonic_ns()
    topology, writer = run.topology, run.writer
    machines = [balancer.machine for balancer in topology.load_balancers]
    changed, generation = {machine.name: 0 for machine in machines}, None
    async with cluster_lock(writer, machines, f"twinkeel {command}", run.note, break_lock=run.break_lock, held=run.held):
        states, observed = await _look(run, decide)
        async with run.step("Fetch the cluster's certificate authority") as details:
            ca = await fetch_cluster_ca(writer, topology.control_plane)
            details.append("found" if ca is not None else "there is none yet")
        wanted = decide(ca)
        async with run.step("Compare with the spec") as details:
            needed = plan(topology, wanted, states, _shows_nothing).has_changes
            details.append("something is to be done" if needed else "nothing to change")
        held_in_standby = await _heal(run, observed)
        if needed or held_in_standby:
            rollout = await _roll_out(run, wanted, command, ca, observed, known_to_roles(topology, states), held_in_standby)
            changed, generation = {**changed, **rollout.changed}, rollout.generation
        else:
            add_to_log(run.log, "nothing to change: no playbook was run")
        async with run.step("Verify through the virtual IP") as details:
            holders = {str(vip): name for vip, name in (await verify_virtual_ips(writer, topology, ca)).items()}
            details += [f"{vip} is on {name}" for vip, name in holders.items()]
            details += ["/readyz answers", "TLS verified"] if ca is not None else []
    if ca is None:
        run.note(BOOTSTRAP_NOTE)
    seconds = (time.monotonic_ns() - began) / 1e9
    return ApplyResult(changed, holders[str(topology.endpoint.vip.ip)], wanted.trust, seconds, generation, holders)


def _shows_nothing(text: str) -> str:
    """Instead of a mask: what differs is not shown here."""
    return ""


async def _look(run: Run, decide: Decide) -> tuple[dict[str, HostState], dict[str, BalancerState]]:
    """What every load balancer has; one that left the spec and still runs Keepalived ends it here."""
    async with run.step("Look at the load balancers") as details:
        states: dict[str, HostState] = {}
        for name, state in (await read_states(run.writer, run.topology, decide(None))).items():
            if isinstance(state, HostError):
                raise state
            states[name] = state
        observed = {name: balancer_state(run.topology, name, state) for name, state in states.items()}
        details.append(f"order: {', '.join(name for group in batches(list(observed), observed) for name in group)}")
        for line in await require_stopped(run.writer, run.topology, observed):
            run.note(line)
    return states, observed


def known_to_roles(topology: Topology, states: Mapping[str, HostState]) -> dict[str, Any]:
    """Variables for the roles: what was seen by now, so that they need not look again."""
    return {
        "packages_missing": any(
            state.packages[name].installed is None for state in states.values() for name in packages_of(topology)
        ),
        "generation_number": max(state.generation for state in states.values()) + 1,
        "selinux_hosts": [name for name, state in states.items() if state.selinux],
    }


async def _roll_out(
    run: Run,
    wanted: Desired,
    command: str,
    ca: str | None,
    observed: dict[str, BalancerState],
    known: dict[str, Any],
    held_in_standby: frozenset[str],
) -> Rollout:
    """Judge all, then work on one group after the other."""
    with TemporaryDirectory(prefix="twinkeel-") as name:
        rollout = await _prepared(run, wanted, command, ca, observed, Path(name))
        rollout.held_in_standby.update(held_in_standby)
        rollout.known = known
        async with run.step("Judge every load balancer's candidate files") as details:
            needed = await rollout.prepare()
            details.append("accepted" if needed else "nothing to change")
        if needed or held_in_standby:
            async with run.step("Configure the load balancers") as details:
                details.append(", then ".join(" and ".join(group) for group in rollout.groups))
                await rollout.carry_out()
    return rollout


async def _prepared(
    run: Run, wanted: Desired, command: str, ca: str | None, observed: dict[str, BalancerState], folder: Path
) -> Rollout:
    """The rollout, with its Ansible project written."""
    about = about_this_run(command, wanted)
    serves = await _api_is_up(run.topology, ca, observed)
    rollout = Rollout(run.topology, run.writer, wanted.rendered, ca, observed, folder, run.log, run.on_event, serves)
    order = [name for group in rollout.groups for name in group]
    write_project(folder / "project", run.topology, wanted.rendered, wanted.ca, order, about, serves=serves)
    return rollout


def about_this_run(command: str, wanted: Desired) -> dict[str, str]:
    """What is noted on the hosts of who did this."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": owner(),
        "command": f"twinkeel {command}",
        "files": digest(wanted.rendered),
    }


def digest(rendered: RenderedFiles) -> str:
    """What tells one set of rendered files from another: the first 12 digits of a SHA-256."""
    total = hashlib.sha256()
    for name, files in sorted(rendered.hosts.items()):
        for file in files:
            total.update(f"{name}\0{file.path}\0{file.mode:o}\0{file.content}\0".encode())
    return total.hexdigest()[:12]


async def _api_is_up(topology: Topology, ca: str | None, observed: dict[str, BalancerState]) -> bool:
    """Whether a load balancer must find an API server once it was worked on: some host reaches one now."""
    if ca is None:
        return False
    if any(each.servers_up for each in observed.values()):
        return True
    context = tls_context(ca)
    for machine in topology.control_plane:
        if (
            await ask_readyz(str(machine.address), topology.cluster.api_port, context, wanted=topology.cluster.anonymous_status)
        ).ready:
            return True
    return False


async def _heal(run: Run, observed: dict[str, BalancerState]) -> frozenset[str]:
    """Take back what a run that broke off left behind: load balancers that stand aside.

    Returns the names of those that go on standing aside for now: they and the holder do not hear each other yet.
    """
    kept = set[str]()
    for balancer in run.topology.load_balancers:
        found, machine = observed[balancer.machine.name], balancer.machine
        if found.standby and vrrp_incompatible_now(balancer, found, observed):
            kept.add(machine.name)
        elif found.standby:
            await leave_standby(run.writer, machine)
            run.note(f"{machine.name} stood aside since a run that broke off; it may hold virtual IPs again.")
        if found.down and found.haproxy:
            await run.writer.change(machine, ("python3", "-c", _CLEAR_DOWN, DOWN_FILE, str(MONITOR_PORT)))
    return frozenset(kept)
