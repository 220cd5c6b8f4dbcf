"""What `apply` would do now, found out by reading alone."""

import asyncio
from collections.abc import Sequence

from twinkeel.errors import HostError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.hosts.executor import Reader
from twinkeel.observe.host_state import HostState, read_host_state
from twinkeel.plan.mask_secrets import SecretMask
from twinkeel.plan.model import Desired, Plan
from twinkeel.plan.plan import plan, units_of
from twinkeel.render.files import RenderedFile
from twinkeel.render.haproxy import CA_PATH, Trust
from twinkeel.render.render import render
from twinkeel.render.services import packages_of
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import LoadBalancer, Topology
from twinkeel.vip.balancer_state import state_files


async def make_plan(topology: Topology, reader: Reader, secrets: Secrets | None = None) -> Plan:
    """The plan; a load balancer that cannot be asked is part of it.

    Raises:
        HostError: nobody could say whether the cluster has a certificate authority yet: `apply` would stop there, too.
    """
    ca, states = await asyncio.gather(
        fetch_cluster_ca(reader, topology.control_plane), read_states(reader, topology, desired(topology, None, secrets))
    )
    mask = SecretMask(value for value in (vars(secrets) if secrets else {}).values() if isinstance(value, str))
    return plan(topology, desired(topology, ca, secrets), states, mask)


def desired(topology: Topology, ca: str | None, secrets: Secrets | None) -> Desired:
    """What the spec asks of load balancers; `ca` is the cluster's authority, None before there is one."""
    trust: Trust = "verified" if ca is not None else "bootstrap"
    return Desired(render(topology, trust, secrets), ca, trust)


async def read_states(reader: Reader, topology: Topology, wanted: Desired) -> dict[str, HostState | HostError]:
    """What each load balancer has of the files that it shall have; which paths these are does not depend on the authority."""
    balancers = topology.load_balancers
    states = await asyncio.gather(*(_ask(reader, each, wanted.rendered.hosts[each.machine.name], topology) for each in balancers))
    return {balancer.machine.name: state for balancer, state in zip(balancers, states, strict=True)}


async def _ask(reader: Reader, balancer: LoadBalancer, wanted: Sequence[RenderedFile], topology: Topology) -> HostState | HostError:
    paths = [CA_PATH, *(file.path for file in wanted), *state_files(topology)]
    try:
        return await read_host_state(reader, balancer.machine, paths, units_of(wanted), packages_of(topology))
    except HostError as error:
        return error
