"""Wait until the virtual IP is held by exactly one load balancer and answers as it must."""

import asyncio
import time
from collections.abc import Sequence

from twinkeel.errors import VerificationError
from twinkeel.hosts.executor import Reader
from twinkeel.status.holders import find_holders
from twinkeel.status.readyz import Readiness, ask_readyz, tls_context
from twinkeel.topology.model import Topology

DEADLINE = 30.0
PAUSE = 0.1
CERTIFICATE_HINT = (
    "the API servers' certificate must name the virtual IP and the endpoint's name: Kubespray's "
    "supplementary_addresses_in_ssl_keys sets them; run Kubespray again, then `twinkeel apply`"
)


async def verify_endpoint(reader: Reader, topology: Topology, ca: str | None, *, deadline: float = DEADLINE) -> str:
    """The short name of the load balancer that holds the virtual IP, once everything is as it must be.

    With the cluster's authority, /readyz must answer 200 through the virtual IP, and the certificate must verify for the
    virtual IP and for the endpoint's name. Without one (`ca` is None), only the virtual IP's place is checked.

    Args:
        deadline: seconds until this gives up; it asks again and again until then.

    Raises:
        VerificationError: it did not come out so in time; the message says what was wrong last.
    """
    end = time.monotonic_ns() + int(deadline * 1e9)
    while True:
        holders = await find_holders(reader, topology)
        problem = _holder_problem(topology, holders) or await _readyz_problem(topology, ca)
        if problem is None:
            return holders[0]
        if time.monotonic_ns() >= end:
            raise problem
        await asyncio.sleep(PAUSE)


def _holder_problem(topology: Topology, holders: Sequence[str]) -> VerificationError | None:
    vip = topology.endpoint.vip.ip
    if len(holders) == 1:
        return None
    if not holders:
        hint = "on a load balancer: systemctl status haproxy keepalived; cat /run/twinkeel/haproxy-down"
        return VerificationError("no load balancer holds the virtual IP", where=str(vip), hint=hint)
    hint = "they do not hear each other: VRRP (protocol 112) must pass between their addresses"
    return VerificationError(f"{' and '.join(holders)} hold the virtual IP at the same time", where=str(vip), hint=hint)


async def _readyz_problem(topology: Topology, ca: str | None) -> VerificationError | None:
    if ca is None:
        return None
    endpoint, context = topology.endpoint, tls_context(ca)
    for name in (None, endpoint.name):
        answer = await ask_readyz(str(endpoint.vip.ip), endpoint.port, context, name=name)
        if not answer.ready:
            where = f"https://{endpoint.vip.ip}:{endpoint.port}/readyz"
            return VerificationError(
                f"the API does not answer through the virtual IP: {answer.detail}", where=where, hint=_hint(answer)
            )
    return None


def _hint(answer: Readiness) -> str:
    if answer.outcome == "not verified":
        return CERTIFICATE_HINT
    if answer.outcome == "unreachable":
        return "is this machine on a network that reaches the virtual IP? `twinkeel status` shows the rest"
    return "are the control-plane hosts up? `twinkeel status` shows each"
