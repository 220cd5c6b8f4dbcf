"""What `apply` would do now, found out by reading alone."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinkeel.apply.ansible.library.rendered_files import action, digests
from twinkeel.apply.compare_files import compare_files, no_longer_wanted
from twinkeel.apply.host_state import HostState, LiveFile, read_host_state
from twinkeel.apply.mask_secrets import SecretMask
from twinkeel.apply.plan_model import Action, FileChange, HostPlan, Plan
from twinkeel.apply.write_project import PACKAGES, READERS
from twinkeel.errors import HostError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.hosts.executor import Reader
from twinkeel.render.files import RenderedFile
from twinkeel.render.haproxy import CA_PATH, Trust
from twinkeel.render.render import render
from twinkeel.topology.model import LoadBalancer, Topology

UNITS = tuple(dict.fromkeys(unit for _, unit, _ in READERS))


@dataclass(frozen=True)
class _Candidate:
    """A file as `digests` takes it."""

    path: str
    content: bytes
    unit: str | None
    on_change: str


@dataclass(frozen=True)
class _Recorded:
    """Stands in for a module on the host: `systemctl show` is answered from what the host said before."""

    units: Mapping[str, str]

    def run_command(self, argv: Sequence[str]) -> tuple[int, str, str]:
        return 0, self.units.get(argv[-1], ""), ""


async def make_plan(topology: Topology, reader: Reader, secrets: Collection[str] = ()) -> Plan:
    """The plan; a load balancer that cannot be asked is part of it.

    Args:
        secrets: values that no diff may show, beside those that are masked by their place.

    Raises:
        HostError: nobody could say whether the cluster has a certificate authority yet: `apply` would stop there, too.
    """
    names = [balancer.machine.name for balancer in topology.load_balancers]
    # Which paths there are does not depend on the trust, so the hosts are asked for everything at once.
    paths = [[CA_PATH, *(file.path for file in render(topology).hosts[name])] for name in names]
    machines = [balancer.machine for balancer in topology.load_balancers]
    asked = (_ask(reader, balancer, wanted) for balancer, wanted in zip(topology.load_balancers, paths, strict=True))
    ca, states = await asyncio.gather(fetch_cluster_ca(reader, topology.control_plane), asyncio.gather(*asked))
    trust: Trust = "bootstrap" if ca is None else "verified"
    rendered = render(topology, trust)
    early = () if ca is None else (RenderedFile(CA_PATH, ca),)
    mask = SecretMask(secrets)
    plans = []
    for machine, state in zip(machines, states, strict=True):
        if isinstance(state, HostError):
            plans.append(HostPlan(machine.name, problem=str(state)))
        else:
            plans.append(plan_host(topology, machine.name, (*early, *rendered.hosts[machine.name]), state, mask))
    ordered = tuple(sorted(plans, key=lambda plan: bool(plan.holds)))
    return Plan(ordered, tuple(steps_of(ordered)), trust)


async def _ask(reader: Reader, balancer: LoadBalancer, paths: Sequence[str]) -> HostState | HostError:
    try:
        return await read_host_state(reader, balancer.machine, paths, UNITS, PACKAGES)
    except HostError as error:
        return error


def plan_host(topology: Topology, name: str, wanted: Sequence[RenderedFile], state: HostState, mask: SecretMask) -> HostPlan:
    """What one host needs, from what it must have and what it has."""
    changes = (*compare_files(wanted, state.files, mask), *no_longer_wanted([file.path for file in state.live], state.ours, wanted))
    vips = [vip.ip for vip in topology.endpoint.vips]
    return HostPlan(
        name,
        files=changes,
        packages={package: found.offered for package, found in state.packages.items() if found.installed is None},
        actions=_actions(wanted, changes, state),
        holds=tuple(str(vip) for vip in vips if vip in state.addresses),
    )


def _actions(wanted: Sequence[RenderedFile], changes: Sequence[FileChange], state: HostState) -> dict[str, Action]:
    """The very decision that the role takes on the host, from the same functions."""
    candidates = [_Candidate(file.path, file.content.encode(), *reader_of(file.path)) for file in wanted]
    differing = {change.path for change in changes if change.kind != "left over"}
    readers: list[_Candidate | LiveFile] = [*candidates, *state.live]
    stale = [(each.unit, each.on_change) for each in readers if each.path in differing]
    # Both functions were made for the host: they read no more of a file and of the host than these stand-ins have.
    files: Any = candidates
    host: Any = _Recorded(state.units)
    needed = digests(files, list(UNITS))
    actions: dict[str, Any] = {}
    for unit in UNITS:
        kinds = {on_change for reader, on_change in stale if reader == unit}
        actions[unit] = action(host, unit, needed[unit], dict(state.notes.get(unit, {})), kinds)
    return actions


def reader_of(path: str) -> tuple[str | None, str]:
    """The unit that reads a file, and what makes it take a change in."""
    return next(((unit, on_change) for prefix, unit, on_change in READERS if path.startswith(prefix)), (None, "reload"))


def steps_of(hosts: Sequence[HostPlan]) -> list[str]:
    """What happens in which order, a sentence each. `hosts` come in the order of work."""
    steps = []
    packages = [host for host in hosts if host.packages]
    if packages:
        steps.append("install packages on " + " and ".join(host.name for host in packages))
    for host in hosts:
        if not host.has_changes:
            continue
        others = [other.name for other in hosts if other.name != host.name and not other.problem]
        if host.holds and others:
            steps.append(f"move {' and '.join(host.holds)} from {host.name} to {others[0]} (planned switchover)")
        steps.append(f"{host.name}: {', '.join(_work(host)) or 'nothing else'}")
    return steps


def _work(host: HostPlan) -> list[str]:
    work = []
    if host.replaced:
        count = len(host.replaced)
        work.append(f"{count} file{'s' if count != 1 else ''}")
    return work + [f"{verb} {unit}" for unit, verb in host.needed_actions.items()]
