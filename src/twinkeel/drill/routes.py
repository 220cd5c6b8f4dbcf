"""Cutting one host off from others without touching its SSH, a kernel module or the firewall.

A neighbour on the same network gets a hardware address that nobody has, one behind a router a blackhole route. The route alone
would not do for a neighbour: Linux takes an address for a neighbour when a socket that is bound to an interface, as Keepalived's
are, finds no way to it.
"""

from collections.abc import Iterable

from twinkeel.drill.fault import Scene
from twinkeel.topology.model import Machine

# What this takes back when the drill cannot: its machine may have died meanwhile.
DEAD_MAN_SECONDS = 120
UNIT = "twinkeel-drill-routes"
NOBODY = "02:de:ad:00:00:01"

_CUT = """
unit=$1; after=$2; shift 2
systemctl stop "$unit.timer" 2> /dev/null
cut=; remove=
for address in "$@"; do
  way=$(ip -o route get "$address") || exit 1
  device=$(printf '%s' "$way" | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
  case "$way" in
    *" via "*) cut="$cut ip route replace blackhole $address &&"; remove="$remove ip route del blackhole $address;" ;;
    *)
      cut="$cut ip neigh replace $address lladdr NOBODY dev $device nud permanent &&"
      remove="$remove ip neigh del $address dev $device;"
      ;;
  esac
done
systemd-run --quiet --collect --unit="$unit" --on-active="$after" /bin/sh -c "$remove :" || exit 1
eval "$cut :"
"""
_HEAL = """
unit=$1; shift
for address in "$@"; do
  ip route del blackhole "$address" 2> /dev/null && continue
  device=$(ip -o route get "$address" | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
  ip neigh show "$address" dev "$device" | grep -q NOBODY && ip neigh del "$address" dev "$device"
done
systemctl stop "$unit.timer" 2> /dev/null
:
"""


async def cut_off(scene: Scene, machine: Machine, others: Iterable[Machine]) -> None:
    """Nothing that `machine` sends to the others leaves it. Raises HostError."""
    addresses = _addresses(machine, others)
    await scene.change("sh", "-c", _CUT.replace("NOBODY", NOBODY), "sh", UNIT, str(DEAD_MAN_SECONDS), *addresses, on=machine)


async def join_again(scene: Scene, machine: Machine, others: Iterable[Machine]) -> None:
    """Take the cut back; nothing to take back is no error. Raises HostError."""
    addresses = _addresses(machine, others)
    await scene.change("sh", "-c", _HEAL.replace("NOBODY", NOBODY), "sh", UNIT, *addresses, on=machine)


def _addresses(machine: Machine, others: Iterable[Machine]) -> list[str]:
    """Every address of the others, IPv6 too: an advertisement for an IPv6 virtual IP goes from one IPv6 address to another."""
    return [
        str(address)
        for other in others
        if other.name != machine.name
        for address in (other.address, other.address6)
        if address is not None
    ]
