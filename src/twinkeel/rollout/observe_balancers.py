"""What a run finds on the load balancers before it changes any, and what a run that broke off left there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twinkeel.errors import HostError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.observe.host_state import HostState
from twinkeel.plan.make_plan import read_states
from twinkeel.plan.model import Desired
from twinkeel.plan.order import batches
from twinkeel.render.systemd import DOWN_FILE
from twinkeel.rollout.decommissioned import require_stopped
from twinkeel.rollout.run import Run
from twinkeel.spec.model import MONITOR_PORT
from twinkeel.status.readyz import ask_readyz, tls_context
from twinkeel.topology.model import Topology
from twinkeel.vip.balancer_state import BalancerState, balancer_state
from twinkeel.vip.choose_backend import vip_backend
from twinkeel.vip.compatibility import incompatible_now
from twinkeel.vip.standby import leave_standby

# Given the cluster's authority (None before there is one), what the load balancers shall have.
Decide = Callable[[str | None], Desired]


# HAProxy answers on its loopback monitor: what says that it is dead is left over.
_CLEAR_DOWN = """
import sys, urllib.request
if urllib.request.urlopen("http://127.0.0.1:" + sys.argv[2] + "/live", timeout=2).status == 200:
    open(sys.argv[1], "w").write("0\\n")
"""


@dataclass(frozen=True)
class ClusterState:
    """What was found: all that each load balancer has, what of it matters for order and handover, and the cluster's authority."""

    states: Mapping[str, HostState]
    observed: Mapping[str, BalancerState]
    ca: str | None

    @property
    def next_generation(self) -> int:
        """The number under which the next run keeps what it replaces: one for all load balancers."""
        return max(state.generation for state in self.states.values()) + 1


async def observe_balancers(run: Run, decide: Decide) -> ClusterState:
    """What every load balancer has; one that left the spec and still runs the VRRP daemon ends it here."""
    async with run.step("Read the load balancers' state") as details:
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
    return ClusterState(states, observed, ca)


async def api_is_up(topology: Topology, ca: str | None, observed: Mapping[str, BalancerState]) -> bool:
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


async def recover_standby(run: Run, observed: Mapping[str, BalancerState]) -> frozenset[str]:
    """Take back what a run that broke off left behind: load balancers in standby.

    Returns the names of those that stay in standby for now: they and the holder do not hear each other yet.
    """
    kept = set[str]()
    for balancer in run.topology.load_balancers:
        found, machine = observed[balancer.machine.name], balancer.machine
        if found.standby and incompatible_now(vip_backend(run.topology), balancer, found, observed):
            kept.add(machine.name)
        elif found.standby:
            await leave_standby(run.writer, machine)
            run.note(f"{machine.name} was in standby since a run that broke off; it may hold virtual IPs again.")
        if found.down and found.haproxy:
            await run.writer.change(machine, ("python3", "-c", _CLEAR_DOWN, DOWN_FILE, str(MONITOR_PORT)))
    return frozenset(kept)
