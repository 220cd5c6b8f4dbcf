"""A load balancer that cannot be let back is an error: redundancy is lost, and nobody would see it."""

import asyncio
from collections.abc import Sequence

import pytest

from twinkeel.errors import HostError, VerificationError
from twinkeel.hosts.executor import CommandResult
from twinkeel.topology.model import Machine, Topology
from twinkeel.vip.standby import StillInStandbyError, held_in_standby


class Hosts:
    """lb-2 does not answer once it stands aside."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = 1) -> CommandResult:
        if argv[-1] == "0" and machine.name == "lb-2":
            raise HostError("a command did not end within 20 s")
        self.told.append((machine.name, argv[-1]))
        return CommandResult(machine.name, tuple(argv), 0, "", "")


def stand_aside_for(topology: Topology, hosts: Hosts, error: Exception | None = None) -> None:
    async def work() -> None:
        async with held_in_standby(hosts, [balancer.machine for balancer in topology.load_balancers]):  # type: ignore[arg-type]
            if error is not None:
                raise error

    asyncio.run(work())


def test_it_names_the_host_and_the_command_and_tells_the_others(lab_home_topology: Topology) -> None:
    hosts = Hosts()
    with pytest.raises(StillInStandbyError, match="lb-2 is still in standby") as caught:
        stand_aside_for(lab_home_topology, hosts)
    assert "on lb-2: echo 0 > /run/twinkeel/standby" in caught.value.hint
    assert ("lb-1", "0") in hosts.told


def test_the_first_error_is_not_lost(lab_home_topology: Topology) -> None:
    with pytest.raises(StillInStandbyError, match="nobody took it over") as caught:
        stand_aside_for(lab_home_topology, Hosts(), VerificationError("nobody took it over"))
    assert "lb-2 is still in standby" in caught.value.what
