"""Cutting one host off from others without touching its SSH: blackhole routes, which need no kernel module and no firewall."""

from collections.abc import Iterable

from twinkeel.drill.fault import Scene
from twinkeel.topology.model import Machine

# What this takes back when the drill cannot: its machine may have died meanwhile.
DEAD_MAN_SECONDS = 120
UNIT = "twinkeel-drill-routes"

_CUT = """
unit=$1; after=$2; shift 2
systemctl stop "$unit.timer" 2> /dev/null
remove=; for address in "$@"; do remove="$remove ip route del blackhole $address;"; done
systemd-run --quiet --collect --unit="$unit" --on-active="$after" /bin/sh -c "$remove :" || exit 1
for address in "$@"; do ip route replace blackhole "$address" || exit 1; done
"""
_HEAL = """
unit=$1; shift
for address in "$@"; do ip route del blackhole "$address" 2> /dev/null; done
systemctl stop "$unit.timer" 2> /dev/null
:
"""


async def cut_off(scene: Scene, machine: Machine, others: Iterable[Machine]) -> None:
    """Nothing that `machine` sends to the others leaves it. Raises HostError."""
    addresses = _addresses(machine, others)
    await scene.change("sh", "-c", _CUT, "sh", UNIT, str(DEAD_MAN_SECONDS), *addresses, on=machine)


async def join_again(scene: Scene, machine: Machine, others: Iterable[Machine]) -> None:
    """Take the cut back; nothing to take back is no error. Raises HostError."""
    addresses = _addresses(machine, others)
    await scene.change("sh", "-c", _HEAL, "sh", UNIT, *addresses, on=machine)


def _addresses(machine: Machine, others: Iterable[Machine]) -> list[str]:
    """Every address of the others, IPv6 too: an advertisement for an IPv6 virtual IP goes from one IPv6 address to another."""
    return [
        str(address)
        for other in others
        if other.name != machine.name
        for address in (other.address, other.address6)
        if address is not None
    ]
