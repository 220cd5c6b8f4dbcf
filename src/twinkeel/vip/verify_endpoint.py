"""Wait until each virtual IP is held by exactly one load balancer and answers as it must."""

import asyncio
import time
from collections.abc import Container, Mapping, Sequence
from itertools import chain

from twinkeel.errors import HostError, VerificationError
from twinkeel.hosts.executor import Reader
from twinkeel.render.systemd import DOWN_FILE, STANDBY_FILE
from twinkeel.spec.fields import IPAddress, IPInterface
from twinkeel.status.backends import read_backends
from twinkeel.status.holders import find_holders
from twinkeel.status.readyz import Readiness, ask_readyz, tls_context
from twinkeel.support.url_host import url_host
from twinkeel.topology.model import Topology
from twinkeel.vip.choose_backend import vip_backend
from twinkeel.vip.daemons import VRRP_DAEMON

DEADLINE = 30.0
PAUSE = 0.1
CERTIFICATE_HINT = (
    "the API servers' certificate must name the virtual IP and the endpoint's name: Kubespray's "
    "supplementary_addresses_in_ssl_keys sets them; run Kubespray again, then `twinkeel apply`"
)


async def verify_endpoint(reader: Reader, topology: Topology, ca: str | None, *, deadline: float = DEADLINE) -> str:
    """The short name of the load balancer that holds the first virtual IP, once all of them are as they must be.

    See `verify_virtual_ips`.
    """
    holders = await verify_virtual_ips(reader, topology, ca, deadline=deadline)
    return holders[topology.endpoint.vip.ip]


async def verify_virtual_ips(
    reader: Reader, topology: Topology, ca: str | None, *, deadline: float = DEADLINE
) -> dict[IPAddress, str]:
    """The short name of the holder of each virtual IP, once everything is as it must be.

    Each has exactly one holder. With the cluster's authority, /readyz must answer 200 through each, and the certificate must verify
    for that virtual IP and for the endpoint's name. Without one (`ca` is None), only their places are checked.

    Args:
        deadline: seconds until this gives up; it asks again and again until then.

    Raises:
        VerificationError: it did not come out so in time; the message says what was wrong last.
    """
    end, exclusive = time.monotonic_ns() + int(deadline * 1e9), vip_backend(topology).exclusive
    while True:
        holders = await find_holders(reader, topology)
        places = _holder_problem(holders, exclusive)
        problem = places or await _readyz_problem(topology, ca)
        if problem is None:
            return {vip: " and ".join(names) for vip, names in holders.items()}
        if time.monotonic_ns() >= end:
            raise places or await _no_server_is_up(reader, topology, set(chain(*holders.values()))) or problem
        await asyncio.sleep(PAUSE)


def _holder_problem(holders: Mapping[IPAddress, Sequence[str]], exclusive: bool) -> VerificationError | None:
    for vip, names in holders.items():
        if not names and not exclusive:
            hint = "on a load balancer: systemctl status haproxy frr twinkeel-announce; cat /run/twinkeel/announce.json"
            return VerificationError("no load balancer announces the virtual IP", where=str(vip), hint=hint)
        if not names:
            hint = f"on a load balancer: systemctl status haproxy {VRRP_DAEMON.unit}; cat {DOWN_FILE} {STANDBY_FILE}"
            return VerificationError("no load balancer holds the virtual IP", where=str(vip), hint=hint)
        if len(names) > 1 and exclusive:
            hint = "they do not hear each other: VRRP (protocol 112) must pass between their addresses"
            return VerificationError(f"{' and '.join(names)} hold the virtual IP at the same time", where=str(vip), hint=hint)
    return None


async def _no_server_is_up(reader: Reader, topology: Topology, holders: Container[str]) -> VerificationError | None:
    """What a holder's HAProxy says where it may send nobody anywhere: a client only sees its connection closed."""
    for machine in (balancer.machine for balancer in topology.load_balancers if balancer.machine.name in holders):
        try:
            servers = await read_backends(reader, machine)
        except HostError:
            continue
        if servers and not any(server.up for server in servers):
            what = f"HAProxy has no API server to send clients to: {'; '.join(server.problem_of_api for server in servers)}"
            hint = "`twinkeel status` shows what each load balancer and each API server reports"
            return VerificationError(what, where=machine.name, hint=hint)
    return None


async def _readyz_problem(topology: Topology, ca: str | None) -> VerificationError | None:
    if ca is None:
        return None
    endpoint, context = topology.endpoint, tls_context(ca)
    asked = [(vip, name) for vip in endpoint.vips for name in (None, endpoint.name)]
    wanted = topology.cluster.anonymous_status
    answers = await asyncio.gather(
        *(ask_readyz(str(vip.ip), endpoint.port, context, name=name, wanted=wanted) for vip, name in asked)
    )
    for (vip, _), answer in zip(asked, answers, strict=True):
        if not answer.ready:
            what = f"the API does not answer through the virtual IP: {answer.detail}"
            hint = _hint(answer, _next_hop(topology, vip))
            return VerificationError(what, where=f"https://{url_host(vip.ip)}:{endpoint.port}/readyz", hint=hint)
    return None


def _next_hop(topology: Topology, vip: IPInterface) -> IPAddress | None:
    hops = (instance.next_hop for instance in topology.load_balancers[0].instances if instance.vip == vip)
    return next((hop.ip for hop in hops if hop is not None), None)


def _hint(answer: Readiness, next_hop: IPAddress | None) -> str:
    if answer.outcome == "not verified":
        return CERTIFICATE_HINT
    if answer.outcome == "unreachable" and next_hop is not None:
        return f"has the router a static route to it via {next_hop}? `twinkeel status` shows the rest"
    if answer.outcome == "unreachable":
        return "is this machine on a network that reaches the virtual IP? `twinkeel status` shows the rest"
    return "are the control-plane hosts up? `twinkeel status` shows each"
