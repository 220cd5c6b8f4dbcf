"""Load balancers that still serve connections of virtual IPs that they gave away (`failover.second_chance`)."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Lingering:
    """For which virtual IPs, how many connections were left when they were counted last, and for how many seconds at most."""

    vips: tuple[str, ...]
    connections: int
    seconds_left: int


def parse_lingering(text: bytes) -> Lingering | None:
    """What the program on the host noted; None where nothing can be read of it: nothing depends on it."""
    try:
        data = json.loads(text)
        return Lingering(tuple(data["virtual_ips"]), int(data["connections"]), int(data["seconds_left"]))
    except (ValueError, TypeError, KeyError):
        return None
