"""Who holds which virtual IP, out of what `ip -j address show` says on every load balancer."""

import asyncio
import json
from collections.abc import Callable, Sequence
from ipaddress import ip_address

import pytest

from twinkeel.apply.verify_endpoint import verify_virtual_ips
from twinkeel.errors import HostError, VerificationError
from twinkeel.hosts.executor import CommandResult
from twinkeel.status.holders import find_holders
from twinkeel.topology.model import Machine, Topology

VIPS = ("192.168.1.110", "192.168.1.100", "fd00:1::110")


class Answers:
    """A reader of load balancers whose addresses are given; one that is not listed cannot be reached."""

    def __init__(self, **addresses: Sequence[str]) -> None:
        self._addresses = {name.replace("_", "-"): given for name, given in addresses.items()}

    async def run(self, machine: Machine, argv: Sequence[str]) -> CommandResult:
        assert list(argv) == ["ip", "-j", "address", "show"]
        if machine.name not in self._addresses:
            raise HostError("no answer", where=machine.name, hint="-")
        links = [{"addr_info": [{"local": address} for address in (str(machine.address), *self._addresses[machine.name])]}]
        return CommandResult(machine.name, tuple(argv), 0, json.dumps(links), "")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        raise AssertionError(path)


@pytest.fixture
def topology(build_edited: Callable[..., Topology]) -> Topology:
    vips = f"vips: [{VIPS[0]}/24, {VIPS[1]}/24, '{VIPS[2]}/64']"
    balancers = "lb-1: {address: 192.168.1.111, address6: 'fd00:1::111'}\n  lb-2: {address: 192.168.1.112, address6: 'fd00:1::112'}"
    return build_edited(("vip: 192.168.1.110/24", vips), ("lb-1: 192.168.1.111\n  lb-2: 192.168.1.112", balancers))


def holders(topology: Topology, reader: Answers) -> dict[str, tuple[str, ...]]:
    return {str(vip): names for vip, names in asyncio.run(find_holders(reader, topology)).items()}


def test_each_virtual_ip_has_its_own_holders(topology: Topology) -> None:
    reader = Answers(lb_1=(VIPS[0], VIPS[2]), lb_2=(VIPS[1], VIPS[2]))
    assert holders(topology, reader) == {VIPS[0]: ("lb-1",), VIPS[1]: ("lb-2",), VIPS[2]: ("lb-1", "lb-2")}
    assert list(holders(topology, reader)) == list(VIPS)


def test_a_load_balancer_that_is_gone_holds_nothing(topology: Topology) -> None:
    assert holders(topology, Answers(lb_2=VIPS)) == dict.fromkeys(VIPS, ("lb-2",))
    assert holders(topology, Answers()) == dict.fromkeys(VIPS, ())


def test_without_an_authority_only_the_places_are_verified(topology: Topology) -> None:
    found = asyncio.run(verify_virtual_ips(Answers(lb_1=VIPS[:1], lb_2=VIPS[1:]), topology, None, deadline=0))
    assert found == {ip_address(VIPS[0]): "lb-1", ip_address(VIPS[1]): "lb-2", ip_address(VIPS[2]): "lb-2"}


@pytest.mark.parametrize(
    ("second", "what"), [((), "no load balancer holds"), (VIPS, "lb-1 and lb-2 hold the virtual IP at the same time")]
)
def test_one_bad_virtual_ip_of_three_is_a_failure_that_names_it(topology: Topology, second: Sequence[str], what: str) -> None:
    with pytest.raises(VerificationError, match=what) as failed:
        asyncio.run(verify_virtual_ips(Answers(lb_1=VIPS[:2], lb_2=second), topology, None, deadline=0))
    assert failed.value.where == (VIPS[2] if not second else VIPS[0])
