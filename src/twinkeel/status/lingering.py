"""Load balancers that still serve connections of virtual IPs that they gave away (`failover.second_chance`)."""

import json
from dataclasses import dataclass

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.render.second_chance import STATE_PATH
from twinkeel.topology.model import Machine


@dataclass(frozen=True)
class Lingering:
    """For which virtual IPs, how many connections were left when they were counted last, and for how many seconds at most."""

    vips: tuple[str, ...]
    connections: int
    seconds_left: int


async def read_lingering(reader: Reader, machine: Machine) -> Lingering | None:
    """None where nothing lingers, and where it has only begun or cannot be read: nothing depends on it."""
    try:
        return parse_lingering(await reader.read_file(machine, STATE_PATH))
    except HostError:
        return None


def parse_lingering(text: bytes) -> Lingering | None:
    """What the program on the host noted."""
    try:
        told = json.loads(text)
        return Lingering(tuple(told["virtual_ips"]), int(told["connections"]), int(told["seconds_left"]))
    except (ValueError, TypeError, KeyError):
        return None
