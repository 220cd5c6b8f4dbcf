"""The whole procedure: bring the load balancers to what the spec says, and prove it through the virtual IPs."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twinkeel.errors import ToolError
from twinkeel.hosts.executor import Writer
from twinkeel.hosts.lock import cluster_lock
from twinkeel.plan.make_plan import desired
from twinkeel.plan.model import Desired, Plan
from twinkeel.plan.plan import plan
from twinkeel.plan.refuse_losses import refuse_losses
from twinkeel.preflight.preflight import essential_checks
from twinkeel.render.vip_daemon import vip_daemon
from twinkeel.rollout.generations import NEXT_SWEEP
from twinkeel.rollout.keep_generation import generation_kept
from twinkeel.rollout.observe_balancers import ClusterState, Decide, api_is_up, observe_balancers, recover_standby
from twinkeel.rollout.rollout import Rollout
from twinkeel.rollout.run import ApplyResult, Run, about_this_run
from twinkeel.rollout.run_playbook import add_to_log
from twinkeel.rollout.write_project import write_project
from twinkeel.spec.secrets import Secrets
from twinkeel.support.events import OnEvent
from twinkeel.topology.model import Topology
from twinkeel.vip.verify_endpoint import verify_virtual_ips

BOOTSTRAP_NOTE = (
    "No control-plane host has the cluster's certificate authority yet. HAProxy's health checks do NOT verify certificates, "
    "and /readyz was not asked. Run `twinkeel apply` again once Kubespray has installed the cluster."
)

Passed = Callable[[], Awaitable[None]]
"""Waits until the checks have passed."""
MOST_SWEEPS = 8
"""More than the longest way from one authentication to another (`VipBackend.sweeps`)."""


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
    discard: bool = False,
) -> ApplyResult:
    """Install and configure HAProxy and the VIP daemon (VRRP or BGP) on every load balancer, standby first, and verify the result.

    `preflight` makes the checks that protect an apply before anything else; `held` says that the caller holds the lock,
    `discard` that what a foreign pair does besides may end.

    Raises:
        UsageError: the load balancers' own files do what would end, and `discard` does not allow it; nothing was touched.
        LockedError: another run works on these load balancers.
        HostError: a host cannot be reached, or a task failed on it; what was begun there was undone.
        ToolError: Ansible itself failed.
        VerificationError: a virtual IP does not answer as it must.
    """

    run = Run(topology, writer, log, on_event, break_lock, held, discard)
    return await converge(run, "apply", lambda ca: desired(topology, ca, secrets), checks=preflight)


async def converge(run: Run, command: str, decide: Decide, *, checks: bool = False) -> ApplyResult:
    """Bring the load balancers to what `decide` says: validated, standby first, verified, undone where it fails.

    With `checks`, nothing is changed before those that protect an apply have passed.
    Where the plan says that nothing is to be done, nothing is started that could do it: no Ansible runs.
    """
    began = time.monotonic_ns()
    topology, writer = run.topology, run.writer
    machines = [balancer.machine for balancer in topology.load_balancers]
    lock = cluster_lock(writer, machines, f"twinkeel {command}", run.note, break_lock=run.break_lock, held=run.held)
    async with _checks(run, wanted=checks) as passed, lock:
        done = [sweep async for sweep in _sweeps(run, command, decide, passed)]
        seen, _ = done[-1]
        async with run.step("Verify through the virtual IP") as details:
            holders = {str(vip): name for vip, name in (await verify_virtual_ips(writer, topology, seen.ca)).items()}
            details += [f"{vip} is on {name}" for vip, name in holders.items()]
            details += ["/readyz answers", "TLS verified"] if seen.ca is not None else []
    if seen.ca is None:
        run.note(BOOTSTRAP_NOTE)
    seconds = (time.monotonic_ns() - began) / 1e9
    changed = {machine.name: sum(made.changes_of(machine.name) for _, made in done) for machine in machines}
    generation = next((seen.next_generation for seen, made in done if made.replaces_files), None)
    trust = decide(seen.ca).trust
    return ApplyResult(changed, holders[str(topology.endpoint.vip.ip)], trust, seconds, generation, holders)


async def _sweeps(run: Run, command: str, decide: Decide, passed: Passed) -> AsyncIterator[tuple[ClusterState, Plan]]:
    """One sweep over all load balancers after the other, each planned from what there is then, until they have what is wanted."""
    for number in range(MOST_SWEEPS):
        seen = await observe_balancers(run, decide)
        if not number:
            await passed()
        wanted = decide(seen.ca)
        async with run.step("Compare with the spec") as details:
            made = plan(run.topology, wanted, seen.states, _hide_all)
            if not run.discard:
                refuse_losses(made)
            details += ["changes to make" if made.has_changes else "nothing to change", *made.steps[: bool(made.later)]]
        held_in_standby = await recover_standby(run, seen.observed)
        if made.has_changes or held_in_standby:
            about = about_this_run(command + NEXT_SWEEP if number else command, made.desired or wanted)
            await _roll_out(run, about, made.desired or wanted, made, seen, held_in_standby)
        else:
            add_to_log(run.log, "nothing to change: no playbook was run")
        yield seen, made
        if not made.later:
            return
    raise ToolError(
        f"the load balancers do not have what the spec wants after {MOST_SWEEPS} sweeps",
        where=str(run.log),
        hint=f"does something else write {vip_daemon(run.topology).config_path} there?",
    )


@asynccontextmanager
async def _checks(run: Run, *, wanted: bool) -> AsyncIterator[Passed]:
    """The checks that protect an apply: they only read, and listen for half a second, while the body takes the lock and reads.

    What it gets waits until they have passed, and must be called before anything is changed; HostError where one failed.
    """
    checking = asyncio.create_task(essential_checks(run.writer, run.topology)) if wanted else None

    async def passed() -> None:
        if checking is not None:
            async with run.step("Run the preflight checks") as details:
                details.append(f"{len(await checking)} checks passed")

    try:
        yield passed
    finally:
        if checking is not None:
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)


def _hide_all(text: str) -> str:
    """Instead of a mask: what differs is not shown here."""
    return ""


async def _roll_out(
    run: Run, about: Mapping[str, str], wanted: Desired, made: Plan, seen: ClusterState, held_in_standby: frozenset[str]
) -> None:
    """Validate all, then work on one group after the other."""
    serves = await api_is_up(run.topology, seen.ca, seen.observed)
    with TemporaryDirectory(prefix="twinkeel-") as name:
        args = (run.topology, run.writer, made, seen.ca, seen.observed, Path(name), run.log, run.on_event)
        rollout = Rollout(*args, serves, set(held_in_standby), tags_without_work(made, seen))
        known = {**variables_for_roles(made, seen), "serves": serves}
        write_project(Path(name) / "project", run.topology, wanted, made, about, known)
        async with AsyncExitStack() as stack:
            async with run.step("Validate every load balancer's candidate files") as details:
                await stack.enter_async_context(rollout.prepared(_kept(run, made, wanted, seen, about)))
                details.append("accepted" if made.has_changes else "nothing to change")
            async with run.step("Configure the load balancers") as details:
                details.append(", then ".join(" and ".join(group) for group in made.groups))
                await rollout.run()


def _kept(run: Run, made: Plan, wanted: Desired, seen: ClusterState, about: Mapping[str, str]) -> AbstractAsyncContextManager[None]:
    """What keeps a generation where the roles need not."""
    if not made.replaces_files or _packages_missing(made):
        return nullcontext()
    return generation_kept(run.writer, run.topology, wanted, seen.next_generation, about)


def _packages_missing(made: Plan) -> bool:
    return any(host.packages for host in made.hosts)


def tags_without_work(made: Plan, seen: ClusterState) -> tuple[str, ...]:
    """Tags of tasks that this run has no use for; what the variables for the roles say, said to Ansible before it starts."""
    known = {
        "packages": not _packages_missing(made),
        "generation": not (made.replaces_files and _packages_missing(made)),
        "moves": True,
        "selinux": not any(state.selinux for state in seen.states.values()),
        "unchanged": all(host.has_changes for host in made.hosts),
    }
    return tuple(tag for tag, done in known.items() if done)


def variables_for_roles(made: Plan, seen: ClusterState) -> dict[str, Any]:
    """Variables for the roles: what was seen by now, so that they need not look again; and that we move virtual IPs ourselves."""
    return {
        "packages_missing": _packages_missing(made),
        "package_managers": {name: state.package_manager for name, state in seen.states.items()},
        "selinux_hosts": [name for name, state in seen.states.items() if state.selinux],
        # Else it is kept by now: see `_kept`.
        "keep_generation": made.replaces_files and _packages_missing(made),
        "generation_number": seen.next_generation,
        # For an undo: there is something to go back to only where one was kept.
        "generation": {"number": seen.next_generation} if made.replaces_files else {},
        "moved": True,
    }
