"""The whole procedure: bring the load balancers to what the spec says, and prove it through the virtual IPs."""

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
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
from twinkeel.plan.model import Desired, Plan
from twinkeel.plan.order import batches
from twinkeel.plan.plan import plan
from twinkeel.preflight.preflight import essential_checks
from twinkeel.render.files import RenderedFiles
from twinkeel.render.haproxy import Trust
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
    """What came out: how much was changed on each host (files, packages and services; see `HostPlan.changes`), the first virtual
    IP's holder and each one's, and whether TLS is verified.

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


@dataclass(frozen=True)
class Seen:
    """What was found: all that each load balancer has, what of it matters for order and handover, and the cluster's authority."""

    states: Mapping[str, HostState]
    observed: Mapping[str, BalancerState]
    ca: str | None

    @property
    def next_generation(self) -> int:
        """The number under which the next run keeps what it replaces: one for all load balancers."""
        return max(state.generation for state in self.states.values()) + 1


async def converge(run: Run, command: str, decide: Decide) -> ApplyResult:
    """Bring the load balancers to what `decide` says: judged, standby first, verified, undone where it fails.

    Where the plan says that nothing is to be done, nothing is started that could do it: no Ansible runs.
    """
    began = time.monotonic_ns()
    topology, writer = run.topology, run.writer
    machines = [balancer.machine for balancer in topology.load_balancers]
    async with cluster_lock(writer, machines, f"twinkeel {command}", run.note, break_lock=run.break_lock, held=run.held):
        seen = await look(run, decide)
        wanted = decide(seen.ca)
        async with run.step("Compare with the spec") as details:
            made = plan(topology, wanted, seen.states, _shows_nothing)
            details.append("something is to be done" if made.has_changes else "nothing to change")
        held_in_standby = await _heal(run, seen.observed)
        if made.has_changes or held_in_standby:
            await _roll_out(run, about_this_run(command, wanted), wanted, made, seen, held_in_standby)
        else:
            add_to_log(run.log, "nothing to change: no playbook was run")
        async with run.step("Verify through the virtual IP") as details:
            holders = {str(vip): name for vip, name in (await verify_virtual_ips(writer, topology, seen.ca)).items()}
            details += [f"{vip} is on {name}" for vip, name in holders.items()]
            details += ["/readyz answers", "TLS verified"] if seen.ca is not None else []
    if seen.ca is None:
        run.note(BOOTSTRAP_NOTE)
    seconds = (time.monotonic_ns() - began) / 1e9
    changed = {machine.name: host.changes for machine in machines for host in made.hosts if host.name == machine.name}
    generation = seen.next_generation if made.replaces_files else None
    return ApplyResult(changed, holders[str(topology.endpoint.vip.ip)], wanted.trust, seconds, generation, holders)


def _shows_nothing(text: str) -> str:
    """Instead of a mask: what differs is not shown here."""
    return ""


async def look(run: Run, decide: Decide) -> Seen:
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
    async with run.step("Fetch the cluster's certificate authority") as details:
        ca = await fetch_cluster_ca(run.writer, run.topology.control_plane)
        details.append("found" if ca is not None else "there is none yet")
    return Seen(states, observed, ca)


async def _roll_out(
    run: Run, about: Mapping[str, str], wanted: Desired, made: Plan, seen: Seen, held_in_standby: frozenset[str]
) -> None:
    """Judge all, then work on one group after the other."""
    serves = await _api_is_up(run.topology, seen.ca, seen.observed)
    with TemporaryDirectory(prefix="twinkeel-") as name:
        args = (run.topology, run.writer, made, seen.ca, seen.observed, Path(name), run.log, run.on_event)
        rollout = Rollout(*args, serves, set(held_in_standby))
        known = {**known_to_roles(made, seen), "serves": serves}
        write_project(Path(name) / "project", run.topology, wanted, made, about, known)
        async with AsyncExitStack() as stack:
            async with run.step("Judge every load balancer's candidate files") as details:
                await stack.enter_async_context(rollout.prepared())
                details.append("accepted" if made.has_changes else "nothing to change")
            async with run.step("Configure the load balancers") as details:
                details.append(", then ".join(" and ".join(group) for group in made.groups))
                await rollout.carry_out()


def known_to_roles(made: Plan, seen: Seen) -> dict[str, Any]:
    """Variables for the roles: what was seen by now, so that they need not look again; and that we move virtual IPs ourselves."""
    return {
        "packages_missing": any(host.packages for host in made.hosts),
        "package_managers": {name: state.package_manager for name, state in seen.states.items()},
        "selinux_hosts": [name for name, state in seen.states.items() if state.selinux],
        "keep_generation": made.replaces_files,
        "generation_number": seen.next_generation,
        # For an undo: there is something to go back to only where one was kept.
        "generation": {"number": seen.next_generation} if made.replaces_files else {},
        "moved": True,
    }


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


async def _api_is_up(topology: Topology, ca: str | None, observed: Mapping[str, BalancerState]) -> bool:
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


async def _heal(run: Run, observed: Mapping[str, BalancerState]) -> frozenset[str]:
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
