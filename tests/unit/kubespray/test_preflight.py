"""Which routes of a node count as taken networks."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from twinkeel.hosts.executor import CommandResult
from twinkeel.kubespray.preflight import preflight
from twinkeel.topology.model import Machine, Topology


class Node:
    """Answers as a node whose endpoint works, and that has one more route."""

    def __init__(self, route: dict[str, str]) -> None:
        self.routes = [{"dst": "default", "dev": "eth0"}, {"dst": "192.168.1.0/24", "dev": "eth0"}, route]

    async def run(self, machine: Machine, argv: Sequence[str]) -> CommandResult:
        said = {"getent": "192.168.1.110 STREAM lb.lab-home.com\n", "ip": json.dumps(self.routes)}.get(argv[0], "")
        return CommandResult(machine.name, tuple(argv), 0, said, "")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("route", "problems"),
    [
        ({"dst": "10.233.65.0/24", "dev": "eth0", "gateway": "192.168.1.115"}, 0),
        ({"dst": "10.233.65.0/24", "dev": "cni0"}, 0),
        ({"dst": "10.233.65.0/24", "dev": "eth0", "gateway": "192.168.1.1"}, 1),
        ({"dst": "10.233.0.0/16", "dev": "tun0"}, 2),
    ],
)
def test_a_route_through_another_node_is_the_clusters_own(
    lab_home_topology: Topology, route: dict[str, str], problems: int
) -> None:
    found = asyncio.run(preflight(lab_home_topology, Node(route), lab_home_topology.control_plane[:1]))
    assert len(found) == problems, found
