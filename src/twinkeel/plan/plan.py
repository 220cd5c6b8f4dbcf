"""What load balancers need, from what they shall have and what they have. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from twinkeel.errors import HostError
from twinkeel.observe.ending import Ending
from twinkeel.observe.foreign import foreign_haproxy
from twinkeel.observe.host_state import MARKER, HostState
from twinkeel.plan.compare_files import Mask, compare_files, no_longer_wanted
from twinkeel.plan.model import Desired, FileChange, HostPlan, Plan
from twinkeel.plan.order import batches
from twinkeel.plan.sweeps import in_sweep, running_config, titles, wanted_configs
from twinkeel.plan.unit_actions import UnitFile, action, digests
from twinkeel.render.files import RenderedFile
from twinkeel.render.haproxy import CONFIG_PATH as HAPROXY_CONFIG
from twinkeel.render.services import BGP_UNITS, UNITS, reader_of
from twinkeel.topology.model import Topology
from twinkeel.vip.backend import Sweep
from twinkeel.vip.balancer_state import BalancerState, balancer_state, text_of
from twinkeel.vip.choose_backend import vip_backend
from twinkeel.vip.compatibility import incompatible_after_change


def plan(topology: Topology, desired: Desired, states: Mapping[str, HostState | HostError], mask: Mask) -> Plan:
    """The plan for all load balancers, in the order of work; those that could not be asked come last.

    Args:
        states: what each load balancer has, by short name in the spec's order; an error is why it could not be asked.
        mask: takes secrets out of what is shown.
    """
    backend, wanted = vip_backend(topology), wanted_configs(vip_backend(topology), desired)
    live = [running_config(backend, state) for state in states.values() if isinstance(state, HostState)]
    made = _next_sweep(topology, desired, backend.sweeps(live, wanted), states, mask)
    if made.later and not made.has_changes:
        # Only what is recorded on the hosts is missing: their daemons run with the files that they have.
        settled = [replace(each, settled=True) for each in live]
        made = _next_sweep(topology, desired, backend.sweeps(settled, wanted), states, mask)
    return made


def _next_sweep(
    topology: Topology,
    wanted: Desired,
    sweeps: Sequence[Sweep],
    states: Mapping[str, HostState | HostError],
    mask: Mask,
) -> Plan:
    """What the first of the sweeps does; without any, all that is wanted."""
    known = {name: state for name, state in states.items() if isinstance(state, HostState)}
    backend, words = vip_backend(topology), titles(sweeps)
    desired = in_sweep(backend, wanted, sweeps[0]) if sweeps else wanted
    alone = {name: plan_host(topology, name, desired.files_of(name), state, mask) for name, state in known.items()}
    observed = {name: balancer_state(topology, name, state) for name, state in known.items()}
    plans = {
        name: replace(host, incompatible_with=_incompatible_with(topology, desired, host, alone, observed))
        for name, host in alone.items()
    }
    names = batches(list(observed), observed)
    groups = tuple(tuple(plans[name] for name in group) for group in names)
    lost = [HostPlan(name, problem=str(state)) for name, state in states.items() if isinstance(state, HostError)]
    hosts = (*(host for group in groups for host in group), *lost)
    return Plan(
        hosts,
        (*words[:1], *steps_of(groups, backend.exclusive), *words[1:]),
        desired.trust,
        names,
        words[1:],
        desired,
    )


def _incompatible_with(
    topology: Topology, desired: Desired, host: HostPlan, plans: Mapping[str, HostPlan], observed: Mapping[str, BalancerState]
) -> tuple[str, ...]:
    """The holders that get other settings of the same protocol after this host, and do not hear it before."""
    if host.holds or not host.has_changes:
        return ()
    balancer = next(each for each in topology.load_balancers if each.machine.name == host.name)
    backend = vip_backend(topology)
    path = backend.config_path
    candidate = next((file.content for file in desired.rendered.hosts[host.name] if file.path == path), "")
    later = (name for name, each in plans.items() if each.holds and any(file.path == path for file in each.replaced))
    return tuple(name for name in later if incompatible_after_change(backend, balancer, candidate, observed[name]))


def units_of(wanted: Sequence[RenderedFile]) -> tuple[str, ...]:
    """Every unit that reads one of the files, and ours."""
    readers = {reader_of(file.path)[0]: None for file in wanted}
    services = BGP_UNITS if BGP_UNITS[-1] in readers else UNITS
    return (*(unit for unit in readers if unit is not None and unit not in services), *services)


def plan_host(topology: Topology, name: str, wanted: Sequence[RenderedFile], state: HostState, mask: Mask) -> HostPlan:
    """What one host needs, from what it must have and what it has."""
    changes = (*compare_files(wanted, state.files, mask), *no_longer_wanted([file.path for file in state.live], state.ours, wanted))
    balancer = balancer_state(topology, name, state)
    plan = HostPlan(
        name,
        files=changes,
        packages={package: found.offered for package, found in state.packages.items() if found.installed is None},
        actions=_actions(wanted, changes, state),
        holds=tuple(str(vip) for vip in balancer.holds),
        foreign=tuple(_foreign(topology, name, wanted, state)),
    )
    if plan.has_changes and plan.holds and balancer.handover == "stop":
        # Somebody else set it up: the virtual IP leaves it by a stop.
        return replace(plan, actions={**(plan.actions or {}), vip_backend(topology).unit: "start"})
    return plan


def _foreign(topology: Topology, name: str, wanted: Sequence[RenderedFile], state: HostState) -> Iterator[Ending]:
    balancer = next(each for each in topology.load_balancers if each.machine.name == name)
    backend = vip_backend(topology)
    haproxy, config = text_of(state, HAPROXY_CONFIG), text_of(state, backend.config_path)
    rendered = {file.path: file.content for file in wanted}
    # Debian's package brings a haproxy.cfg of its own; nobody holds a virtual IP with that alone.
    if config and not backend.is_ours(config):
        yield from backend.foreign(config, rendered.get(backend.config_path, ""), topology, balancer)
        if MARKER not in haproxy:
            yield from foreign_haproxy(HAPROXY_CONFIG, haproxy, rendered.get(HAPROXY_CONFIG, ""), topology)


def _actions(wanted: Sequence[RenderedFile], changes: Sequence[FileChange], state: HostState) -> dict[str, str]:
    files = [UnitFile(file.path, file.content.encode(), *reader_of(file.path)) for file in wanted]
    differing = {change.path for change in changes if change.kind != "left over"}
    stale: dict[str | None, set[str]] = {}
    for each in (*files, *(UnitFile(live.path, b"", live.unit, live.on_change) for live in state.live)):
        if each.path in differing:
            stale.setdefault(each.unit, set()).add(each.on_change)
    units = units_of(wanted)
    needed = digests(files, list(units))
    recorded = {unit: dict(state.notes.get(unit, {})) for unit in units}
    return {
        unit: action(
            state.units.get(unit, ""), needed[unit], recorded[unit], stale.get(unit, set()), unit not in state.only_restart
        )
        for unit in units
    }


def steps_of(groups: Sequence[Sequence[HostPlan]], exclusive: bool = True) -> list[str]:
    """What happens in which order, a sentence each. `groups` are worked on one after the other, their hosts at once.

    `exclusive`: a virtual IP is moved away from its holder; otherwise the others announce it, too.
    """
    every = [host for group in groups for host in group]
    bare = [host.name for host in every if host.packages]
    steps = [f"install packages on {' and '.join(bare)}"] if bare else []
    for group in groups:
        busy = [host for host in group if host.has_changes]
        for host in busy:
            others = [other.name for other in every if other.name != host.name]
            if host.holds and others and not exclusive:
                steps.append(f"withdraw {' and '.join(host.holds)} on {host.name} while {' or '.join(others)} announces (planned)")
            elif host.holds and others:
                steps.append(f"move {' and '.join(host.holds)} from {host.name} to {' or '.join(others)} (planned switchover)")
        steps += [
            f"{host.name} is kept in standby until {' and '.join(host.incompatible_with)} has its new files"
            for host in busy
            if host.incompatible_with
        ]
        work = [f"{host.name}: {', '.join(_work(host)) or 'nothing else'}" for host in busy]
        if work:
            steps.append("; at the same time ".join(work))
    return steps


def _work(host: HostPlan) -> list[str]:
    count = len(host.replaced)
    work = [f"{count} file{'s' if count != 1 else ''}"] if count else []
    return work + [f"{verb} {unit}" for unit, verb in host.needed_actions.items()]
