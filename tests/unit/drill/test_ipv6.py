"""Drills on a dual-stack system: cuts are for both kinds of addresses, and what is IPv4 alone says so."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from twinkeel.drill import routes
from twinkeel.drill.fault import Scene
from twinkeel.drill.faults.vrrp_stranger import FAULT as STRANGER
from twinkeel.drill.https import Target
from twinkeel.errors import UsageError
from twinkeel.hosts.executor import CommandResult
from twinkeel.topology.model import Machine, Topology
from twinkeel.topology.primary_vip import with_primary_vip


@pytest.fixture
def topology(build_edited: Callable[..., Topology]) -> Topology:
    balancers = "lb-1: {address: 192.168.1.111, address6: 'fd00:1::111'}\n  lb-2: {address: 192.168.1.112, address6: 'fd00:1::112'}"
    return build_edited(
        ("vip: 192.168.1.110/24", "vips: [192.168.1.110/24, 'fd00:1::110/64']"),
        ("lb-1: 192.168.1.111\n  lb-2: 192.168.1.112", balancers),
    )


def scene_of(topology: Topology, commands: list[tuple[str, ...]]) -> Scene:
    class Recorder:
        async def change(self, machine: Machine, argv: Sequence[str]) -> CommandResult:
            commands.append((machine.name, *argv))
            return CommandResult(machine.name, tuple(argv), 0, "", "")

    @asynccontextmanager
    async def hosts() -> AsyncIterator[Any]:
        yield Recorder()

    holder = topology.load_balancers[0].machine
    return Scene(topology, holder, holder, hosts)


def test_a_cut_and_its_end_are_for_ipv4_and_ipv6(topology: Topology) -> None:
    commands: list[tuple[str, ...]] = []
    scene, machines = scene_of(topology, commands), [balancer.machine for balancer in topology.load_balancers]
    asyncio.run(routes.cut_off(scene, machines[0], machines))
    asyncio.run(routes.join_again(scene, machines[0], machines))
    assert [(command[0], command[-2:]) for command in commands] == [("lb-1", ("192.168.1.112", "fd00:1::112"))] * 2
    assert all("192.168.1.111" not in command for command in commands), "never its own address"


def test_the_stranger_is_for_ipv4_virtual_ips(topology: Topology) -> None:
    with pytest.raises(UsageError, match="IPv4 virtual IPs only"):
        asyncio.run(STRANGER.inject(scene_of(with_primary_vip(topology, "fd00:1::110"), [])))


def test_an_ipv6_url_has_brackets() -> None:
    assert Target("fd00:1::110", 6443, "lb", Path("ca")).url == "https://[fd00:1::110]:6443/readyz"
    assert Target("192.168.1.110", 6443, "lb", Path("ca")).url == "https://192.168.1.110:6443/readyz"
