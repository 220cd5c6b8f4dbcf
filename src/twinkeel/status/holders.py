"""Who holds the virtual IP, by asking every load balancer."""

import asyncio
import json
from ipaddress import ip_address

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.model import Machine, Topology


async def read_addresses(reader: Reader, machine: Machine) -> frozenset[IPAddress]:
    """Every address that the host has now.

    Raises:
        HostError: the host cannot be asked.
    """
    result = await reader.run(machine, ["ip", "-j", "address", "show"])
    links = json.loads(result.checked("iproute2 must be installed there").stdout)
    return frozenset(ip_address(entry["local"]) for link in links for entry in link.get("addr_info", ()))


async def find_holders(reader: Reader, topology: Topology) -> tuple[str, ...]:
    """Short names of the load balancers that hold the endpoint's virtual IP, in the spec's order.

    A load balancer that cannot be asked counts as one that does not hold it.
    """
    vip = topology.endpoint.vip.ip
    machines = [balancer.machine for balancer in topology.load_balancers]
    answers = await asyncio.gather(*(_holds(reader, machine, vip) for machine in machines))
    return tuple(machine.name for machine, holds in zip(machines, answers, strict=True) if holds)


async def _holds(reader: Reader, machine: Machine, vip: IPAddress) -> bool:
    try:
        return vip in await read_addresses(reader, machine)
    except HostError:
        return False
