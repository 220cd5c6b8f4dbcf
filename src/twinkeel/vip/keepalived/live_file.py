"""What a live keepalived.conf, whoever wrote it, says that the other load balancers depend on."""

import re
from ipaddress import ip_address

from twinkeel.render.systemd import DOWN_FILE, STANDBY_FILE
from twinkeel.spec.fields import IPAddress
from twinkeel.vip.backend import HandoverMethod

HEARING = ("vrrp_version", "virtual_router_id", "auth_type", "auth_pass", "unicast_ttl", "mcast_src_ip")


def handover_of(config: str) -> HandoverMethod:
    """How Keepalived, running with this file, can be told to give its virtual IPs away."""
    if STANDBY_FILE in config:
        return "standby"
    return "haproxy-down" if DOWN_FILE in config else "stop"


def vrrp_lines(config: str) -> frozenset[str]:
    """The lines of a keepalived.conf that must be alike on both sides, and whether it sends to peers or to a group.

    VRRP version 2, Keepalived's default, drops advertisements of another interval; version 3 takes the master's.
    """
    lines = [" ".join(line.split()) for line in config.splitlines()]
    hearing = HEARING if "vrrp_version 3" in lines else (*HEARING, "advert_int")
    return frozenset("mcast_src_ip" if line.startswith("mcast_src_ip") else line for line in lines if line.startswith(hearing))


def advert_intervals(config: str) -> tuple[float, ...]:
    """Seconds between advertisements, of each VRRP instance that says so; Keepalived's default, a second, where none does."""
    said = re.findall(r"^\s*advert_int\s+(\d+(?:\.\d+)?)\b", config, re.MULTILINE)
    return tuple(float(interval) for interval in said) or (1.0,)


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
