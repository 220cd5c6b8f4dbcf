"""The whole procedure: bring the load balancers to what the spec says, and prove it through the virtual IP."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from twinkeel.apply.events import Note, OnEvent, StepEnded, StepStarted
from twinkeel.apply.run_playbook import run_playbook
from twinkeel.apply.verify_endpoint import verify_endpoint
from twinkeel.apply.write_project import write_project
from twinkeel.errors import HostError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.hosts.executor import Reader
from twinkeel.render.haproxy import Trust
from twinkeel.render.render import render
from twinkeel.status.holders import read_addresses
from twinkeel.topology.model import Topology

BOOTSTRAP_NOTE = (
    "No control-plane host has the cluster's certificate authority yet. HAProxy's health checks do NOT verify certificates, "
    "and /readyz was not asked. Run `twinkeel apply` again once Kubespray has installed the cluster."
)


@dataclass(frozen=True)
class ApplyResult:
    """What came out: tasks that changed each host, the virtual IP's holder, and whether TLS is verified."""

    changed: dict[str, int]
    holder: str
    trust: Trust
    seconds: float

    @property
    def changed_anything(self) -> bool:
        """False when every host was as it must be."""
        return any(self.changed.values())


class _Steps:
    """Tells the caller when a step begins and ends."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self.detail = ""

    @asynccontextmanager
    async def step(self, title: str) -> AsyncIterator[None]:
        began = time.monotonic_ns()
        self.detail = ""
        self._on_event(StepStarted(title))
        yield
        self._on_event(StepEnded(title, self.detail, (time.monotonic_ns() - began) / 1e9))


async def apply(topology: Topology, reader: Reader, log: Path, on_event: OnEvent) -> ApplyResult:
    """Install and configure HAProxy and Keepalived on every load balancer, standby first, and verify the result.

    Args:
        log: where Ansible's output is kept; its folder exists.
        on_event: is told what happens; called from more than one thread, never by two at once.

    Raises:
        HostError: a host cannot be reached, or a task failed on it.
        ToolError: Ansible itself failed.
        VerificationError: the virtual IP does not answer as it must.
    """
    began = time.monotonic_ns()
    steps = _Steps(on_event)
    async with steps.step("Connect to the load balancers"):
        order = await _order_of_work(topology, reader)
        steps.detail = f"order: {', '.join(order)}"
    async with steps.step("Fetch the cluster's certificate authority"):
        ca = await fetch_cluster_ca(reader, topology.control_plane)
        trust: Trust = "verified" if ca is not None else "bootstrap"
        steps.detail = "found" if ca is not None else "there is none yet"
    with TemporaryDirectory(prefix="twinkeel-") as name:
        folder = Path(name)
        async with steps.step("Write the files"):
            rendered = render(topology, trust)
            write_project(folder / "project", topology, rendered, ca, order)
            steps.detail = f"{len(rendered.hosts[order[0]])} for each load balancer"
        async with steps.step("Configure the load balancers"):
            changed = await run_playbook(folder, log, on_event)
            total = sum(changed.values())
            steps.detail = f"{total} changes" if total else "nothing to change"
    async with steps.step("Verify through the virtual IP"):
        holder = await verify_endpoint(reader, topology, ca)
        steps.detail = f"{topology.endpoint.vip.ip} is on {holder}" + (", /readyz answers, TLS verified" if ca is not None else "")
    if ca is None:
        on_event(Note(BOOTSTRAP_NOTE))
    return ApplyResult(changed, holder, trust, (time.monotonic_ns() - began) / 1e9)


async def _order_of_work(topology: Topology, reader: Reader) -> Sequence[str]:
    """Short names of the load balancers: those that hold the virtual IP last, otherwise in the spec's order."""
    machines = [balancer.machine for balancer in topology.load_balancers]
    answers = await asyncio.gather(*(read_addresses(reader, machine) for machine in machines), return_exceptions=True)
    order: list[tuple[bool, str]] = []
    for machine, answer in zip(machines, answers, strict=True):
        if isinstance(answer, HostError):
            raise answer
        if isinstance(answer, BaseException):
            raise answer
        order.append((topology.endpoint.vip.ip in answer, machine.name))
    return [name for _, name in sorted(order, key=lambda entry: entry[0])]
