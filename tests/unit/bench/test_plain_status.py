"""The look that needs nothing of ours: what a whole system is, and each thing that makes it not whole."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_interface
from typing import Any

import pytest

from twinkeel.bench.plain_status import plain_status
from twinkeel.errors import HostError
from twinkeel.hosts.executor import DEFAULT_TIMEOUT, CommandResult
from twinkeel.status.snapshot import Snapshot
from twinkeel.topology.model import Machine, Topology

VIP = "127.0.0.1"


@dataclass
class Hosts:
    """Load balancers as far as a look asks them: the addresses and the states of haproxy and keepalived of each."""

    addresses: dict[str, list[str]] = field(default_factory=lambda: {"lb-1": [VIP], "lb-2": []})
    units: dict[str, str] = field(default_factory=lambda: {"lb-1": "active\nactive\n", "lb-2": "active\nactive\n"})

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        if machine.name not in self.addresses:
            raise HostError("the host does not answer", where=machine.name)
        links = [{"addr_info": [{"local": address} for address in self.addresses[machine.name]]}]
        said = json.dumps(links) if argv[0] == "ip" else self.units[machine.name]
        return CommandResult(machine.name, tuple(argv), 0, said, "")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        raise AssertionError(f"no file is the same in every configuration: {path}")

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        raise AssertionError("a look changes nothing")

    def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
        raise AssertionError("a look is short")


def on_loopback(topology: Topology, port: int) -> Topology:
    """Every host on an address of its own of this machine, each with the API at one port."""

    def moved(machine: Machine) -> Machine:
        return replace(machine, address=ip_address(f"127.0.0.{machine.address.packed[-1]}"))

    return replace(
        topology,
        endpoint=replace(topology.endpoint, port=port, vips=(ip_interface(f"{VIP}/8"),)),
        load_balancers=tuple(replace(each, machine=moved(each.machine)) for each in topology.load_balancers),
        control_plane=tuple(moved(machine) for machine in topology.control_plane),
        cluster=replace(topology.cluster, api_port=port),
    )


@pytest.fixture
def look(lab_home_topology: Topology, authority: Any, serve: Callable[..., int]) -> Callable[..., Snapshot]:
    def look_at(hosts: Hosts, status: int = 200) -> Snapshot:
        names = [f"127.0.0.{last}" for last in (1, 101, 103, 105, 111, 112)]
        pair = authority.issue("kube-apiserver", [lab_home_topology.endpoint.name, *names])
        port = serve(pair, {"/readyz": (status, b"ok")}, host="")
        return asyncio.run(plain_status(authority.pem.decode())(hosts, on_loopback(lab_home_topology, port)))

    return look_at


def test_a_whole_system(look: Callable[..., Snapshot]) -> None:
    seen = look(Hosts())
    assert seen.problems == ()
    assert seen.vips[0].holders == ("lb-1",)
    assert [each.vrrp_state for each in seen.load_balancers] == ["MASTER", "BACKUP"]


SICK = {
    "127.0.0.1 is held by lb-1 and lb-2": Hosts(addresses={"lb-1": [VIP], "lb-2": [VIP]}),
    "no load balancer holds 127.0.0.1": Hosts(addresses={"lb-1": [], "lb-2": []}),
    "lb-2: keepalived does not run": Hosts(units={"lb-1": "active\nactive\n", "lb-2": "active\ninactive\n"}),
    "lb-1: haproxy is failed": Hosts(units={"lb-1": "failed\nactive\n", "lb-2": "active\nactive\n"}),
    "lb-2: the host does not answer": Hosts(addresses={"lb-1": [VIP]}),
}


@pytest.mark.parametrize("problem", SICK)
def test_each_problem_is_seen(problem: str, look: Callable[..., Snapshot]) -> None:
    assert problem in "\n".join(look(SICK[problem]).problems)


def test_an_api_that_is_not_ready_is_seen_everywhere(look: Callable[..., Snapshot]) -> None:
    problems = "\n".join(look(Hosts(), status=500).problems)
    assert "master-3: the API server is not ready" in problems
    assert "lb-2: the API through it is DOWN (/readyz answers 500)" in problems
    assert "the API does not answer through 127.0.0.1" in problems
