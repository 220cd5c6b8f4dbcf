"""What a live keepalived.conf, whoever wrote it, says that the other load balancers depend on."""

import re
from collections.abc import Mapping
from ipaddress import ip_address

from twinkeel.liveconfig.keepalived.file import parse_keepalived
from twinkeel.render.systemd import DOWN_FILE, STANDBY_FILE
from twinkeel.source import SourceFile
from twinkeel.spec.fields import IPAddress
from twinkeel.vip.backend import HandoverMethod

HEARING = ("vrrp_version", "auth_type", "auth_pass", "unicast_ttl", "mcast_src_ip")


def handover_of(config: str) -> HandoverMethod:
    """How Keepalived, running with this file, can be told to give its virtual IPs away."""
    if STANDBY_FILE in config:
        return "standby"
    return "haproxy-down" if DOWN_FILE in config else "stop"


def vrrp_lines(config: str) -> frozenset[str]:
    """The lines of a keepalived.conf that must be alike on both sides, and whether it sends to peers or to a group.

    Router ids are not among them: those of one virtual IP must agree (`router_ids`), others may be on one side only.
    VRRP version 2, Keepalived's default, drops advertisements of another interval; version 3 takes the master's.
    """
    lines = [" ".join(line.split()) for line in config.splitlines()]
    hearing = HEARING if "vrrp_version 3" in lines else (*HEARING, "advert_int")
    return frozenset("mcast_src_ip" if line.startswith("mcast_src_ip") else line for line in lines if line.startswith(hearing))


def router_ids(config: str) -> dict[str, str]:
    """The virtual router id of each virtual address, as written but for its prefix length; one instance may have several."""
    found: dict[str, str] = {}
    for instance in parse_keepalived(SourceFile("keepalived.conf", config)).root.named("vrrp_instance"):
        number = next((each.value() for each in instance.named("virtual_router_id")), "")
        for block in instance.named("virtual_ipaddress", "virtual_ipaddress_excluded"):
            addresses = (_address(each.keyword.partition("/")[0]) for each in block.block)
            found |= {str(address): number for address in addresses if address is not None}
    return found


def agree_on_router_ids(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether no virtual IP that both have has another id on each side. What only one has cannot be held twice."""
    return all(one[vip] == other[vip] for vip in one.keys() & other.keys())


def advert_intervals(config: str) -> tuple[float, ...]:
    """Seconds between advertisements, of each VRRP instance that says so; Keepalived's default, a second, where none does."""
    stated = re.findall(r"^\s*advert_int\s+(\d+(?:\.\d+)?)\b", config, re.MULTILINE)
    return tuple(float(interval) for interval in stated) or (1.0,)


_COMMENT = re.compile(r"[#!].*")
_PEERS = re.compile(r"\bunicast_peer\s*\{([^{}]*)\}")


def unicast_peers(config: str) -> frozenset[str]:
    """The addresses that a keepalived.conf sends its advertisements to; empty where it uses multicast.

    Nothing else in the file names a load balancer: virtual addresses, routes and scripts hold addresses as well.
    """
    blocks = _PEERS.findall(_COMMENT.sub("", config))
    return frozenset(str(address) for block in blocks for word in block.split() if (address := _address(word)) is not None)


def _address(word: str) -> IPAddress | None:
    try:
        return ip_address(word)
    except ValueError:
        return None
