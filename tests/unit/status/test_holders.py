"""Who holds which virtual IP, out of what `ip -j address show` says on every load balancer."""

import asyncio
import json
from collections.abc import Callable, Sequence
from ipaddress import ip_address

import pytest

from twinkeel.errors import HostError, VerificationError
from twinkeel.hosts.executor import CommandResult
from twinkeel.status.holders import find_holders
from twinkeel.status.readyz import Readiness
from twinkeel.topology.model import Machine, Topology
from twinkeel.vip import verify_endpoint
from twinkeel.vip.verify_endpoint import verify_virtual_ips

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


HEADER = "# pxname,svname,status,check_status,check_code,"


class Serves(Answers):
    """As `Answers`; the runtime socket of every HAProxy says what is given."""

    def __init__(self, stat: str, **addresses: Sequence[str]) -> None:
        super().__init__(**addresses)
        self._stat = stat

    async def run(self, machine: Machine, argv: Sequence[str]) -> CommandResult:
        if argv[0] == "ip":
            return await super().run(machine, argv)
        return CommandResult(machine.name, tuple(argv), 0, self._stat, "")


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("* L7STS,401", "master-1 is DOWN: /readyz answers 401: .* or kubernetes.api_check set"),
        ("L6RSP,", "or without the name kubernetes.api_check.certificate_name"),
        ("L4CON,", r"master-1 is DOWN \(its health check: L4CON\)"),
    ],
)
def test_a_virtual_ip_behind_which_no_server_is_up_says_why_haproxy_thinks_so(
    topology: Topology, monkeypatch: pytest.MonkeyPatch, check: str, said: str
) -> None:
    async def closed(*_: object, **__: object) -> Readiness:
        return Readiness("unreachable", "EOF")

    monkeypatch.setattr(verify_endpoint, "ask_readyz", closed)
    monkeypatch.setattr(verify_endpoint, "tls_context", str)
    rows = f"kubernetes-api,FRONTEND,OPEN,,,\nkubernetes-api,master-1,DOWN,{check},"
    with pytest.raises(VerificationError, match=said) as failed:
        asyncio.run(verify_virtual_ips(Serves(f"{HEADER}\n{rows}\n", lb_1=VIPS), topology, "authority", deadline=0))
    assert failed.value.where == "lb-1"
    up = rows.replace("DOWN", "UP")
    with pytest.raises(VerificationError, match="does not answer through the virtual IP: EOF"):
        asyncio.run(verify_virtual_ips(Serves(f"{HEADER}\n{up}\n", lb_1=VIPS), topology, "authority", deadline=0))
