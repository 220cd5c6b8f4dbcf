"""Who holds which virtual IP, by asking every load balancer."""

import asyncio
import json
from ipaddress import ip_address

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.hosts.understand import understand
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.model import Machine, Topology


async def read_addresses(reader: Reader, machine: Machine) -> frozenset[IPAddress]:
    """Every address that the host has now.

    Raises:
        HostError: the host cannot be asked, or answers nonsense.
    """
    result = await reader.run(machine, ["ip", "-j", "address", "show"])
    return understand(_addresses_of, result.checked("iproute2 must be installed there").stdout, machine.name)


def _addresses_of(text: str) -> frozenset[IPAddress]:
    return frozenset(ip_address(entry["local"]) for link in json.loads(text) for entry in link.get("addr_info", ()))


async def find_holders(reader: Reader, topology: Topology) -> dict[IPAddress, tuple[str, ...]]:
    """For each virtual IP, in the spec's order, the short names of the load balancers that hold it, in the spec's order.

    A load balancer that cannot be asked counts as one that holds none.
    """
    machines = [balancer.machine for balancer in topology.load_balancers]
    answers = await asyncio.gather(*(_addresses(reader, machine) for machine in machines))
    return {
        vip.ip: tuple(machine.name for machine, addresses in zip(machines, answers, strict=True) if vip.ip in addresses)
        for vip in topology.endpoint.vips
    }


async def _addresses(reader: Reader, machine: Machine) -> frozenset[IPAddress]:
    try:
        return await read_addresses(reader, machine)
    except HostError:
        return frozenset()
