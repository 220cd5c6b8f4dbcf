"""Runs on a load balancer as root: who answers for the virtual IPs, who speaks VRRP, and whether protocol 112 passes.

    python3 -c PROGRAM '{"interface": ..., "address": ..., "address6": ..., "vips": [...], "seconds": ..., "mark": HEX,
                         "pairs": [[FROM, TO], ...]}'

Packets that it sends, and why they harm nothing:
- ARP probes (RFC 5227) for IPv4 virtual IPs: their sender address is 0.0.0.0, so nobody's ARP cache learns from them.
- Neighbour solicitations for IPv6 virtual IPs, from this host's own address. Not from `::`: that is duplicate address
  detection, and would spoil it for a holder that does the same at this moment.
- Packets of protocol 112 to the other load balancers, of VRRP version 0, type 15, virtual router 0. RFC 9568 7.1 has every
  receiver discard a version or type that it does not know, and no virtual router can have the number 0.

It listens to the raw interface, so that it also sees what this host's firewall drops, and to protocol 112 as a VRRP daemon would.
Prints one JSON object; see `main`.
"""

from __future__ import annotations

import fcntl
import json
import select
import socket
import struct
import sys
import time
from typing import Any

VRRP = 112
ICMPV6 = 58
ETH_IPV4, ETH_ARP, ETH_IPV6 = 0x0800, 0x0806, 0x86DD
OUTGOING = 4
GROUP4, GROUP6 = "224.0.0.18", "ff02::12"
PERIOD = 0.1
PROBES = 3
SIOCGIFHWADDR = 0x8927


class Watch:
    """Everything that was seen so far."""

    def __init__(self, mark: bytes, vips: list[str]) -> None:
        self.mark = mark
        self.vips = set(vips)
        self.answers: set[tuple[str, str]] = set()
        self.heard: dict[tuple[Any, ...], int] = {}
        self.arrived: set[tuple[str, str]] = set()
        self.received: set[tuple[str, str]] = set()

    def frame(self, data: bytes) -> None:
        """One frame from the wire."""
        kind, sender = struct.unpack("!H", data[12:14])[0], mac_text(data[6:12])
        if kind == ETH_ARP:
            self.arp(data[14:])
        elif kind == ETH_IPV4 and len(data) >= 34:
            header = (data[14] & 15) * 4
            self.packet(data[23], ip4(data[26:30]), ip4(data[30:34]), data[14 + header :], sender)
        elif kind == ETH_IPV6 and len(data) >= 54:
            self.packet(data[20], ip6(data[22:38]), ip6(data[38:54]), data[54:], sender)

    def arp(self, data: bytes) -> None:
        """Whoever names a virtual IP as its own, in a request or in a reply."""
        if len(data) >= 28 and ip4(data[14:18]) in self.vips:
            self.answers.add((ip4(data[14:18]), mac_text(data[8:14])))

    def packet(self, protocol: int, source: str, target: str, data: bytes, sender: str) -> None:
        """One IP packet: a neighbour advertisement, our own mark, or somebody's VRRP."""
        if protocol == ICMPV6 and len(data) >= 24 and data[0] == 136 and ip6(data[8:24]) in self.vips:
            self.answers.add((ip6(data[8:24]), sender))
        elif protocol == VRRP and self.mark in data:
            self.arrived.add((source, target))
        elif protocol == VRRP and len(data) >= 8 and data[0] >> 4 in (2, 3) and data[0] & 15 == 1:
            key = (source, target, data[0] >> 4, data[1], data[2], sender)
            self.heard[key] = self.heard.get(key, 0) + 1


def ip4(data: bytes) -> str:
    """An IPv4 address as text."""
    return socket.inet_ntop(socket.AF_INET, data)


def ip6(data: bytes) -> str:
    """An IPv6 address as text."""
    return socket.inet_ntop(socket.AF_INET6, data)


def mac_text(data: bytes) -> str:
    """A hardware address as iproute2 writes it."""
    return ":".join(f"{byte:02x}" for byte in data)


def hardware_address(interface: str) -> bytes:
    """The interface's own hardware address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        answer = fcntl.ioctl(plain.fileno(), SIOCGIFHWADDR, struct.pack("256s", interface.encode()[:15]))
    return answer[18:24]


def arp_probe(mac: bytes, vip: str) -> bytes:
    """An ARP probe: who has the address, asked by nobody."""
    body = struct.pack("!HHBBH", 1, ETH_IPV4, 6, 4, 1) + mac + bytes(4) + bytes(6) + socket.inet_pton(socket.AF_INET, vip)
    return b"\xff" * 6 + mac + struct.pack("!H", ETH_ARP) + body.ljust(46, b"\0")


def solicitation(mac: bytes, own: str, vip: str) -> bytes:
    """A neighbour solicitation with our own link address in it."""
    target, source = socket.inet_pton(socket.AF_INET6, vip), socket.inet_pton(socket.AF_INET6, own)
    group = bytes.fromhex("ff0200000000000000000001ff") + target[13:]
    option = b"\x01\x01" + mac
    body = struct.pack("!BBHI", 135, 0, 0, 0) + target + option
    total = checksum(group_header(source, group, len(body)) + body)
    body = body[:2] + struct.pack("!H", total) + body[4:]
    header = struct.pack("!IHBB", 6 << 28, len(body), ICMPV6, 255) + source + group
    return b"\x33\x33" + group[12:] + mac + struct.pack("!H", ETH_IPV6) + header + body


def group_header(source: bytes, target: bytes, length: int) -> bytes:
    """The part of an IPv6 header that checksums cover."""
    return source + target + struct.pack("!II", length, ICMPV6)


def checksum(data: bytes) -> int:
    """The internet checksum."""
    words: tuple[int, ...] = struct.unpack(f"!{len(data) // 2}H", data)
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def wire(interface: str) -> socket.socket:
    """A socket that sees every frame of the interface."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    raw.bind((interface, 0))
    return raw


def listener(version: int, interface: str) -> socket.socket | None:
    """A socket that gets protocol 112 as a VRRP daemon gets it, after the firewall, and hears the group."""
    index = socket.if_nametoindex(interface)
    try:
        if version == 4:
            raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, VRRP)
            group = socket.inet_pton(socket.AF_INET, GROUP4) + struct.pack("=4si", bytes(4), index)
            raw.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        else:
            raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, VRRP)
            group = socket.inet_pton(socket.AF_INET6, GROUP6) + struct.pack("=i", index)
            raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    except OSError:
        return None
    return raw


def sender(source: str) -> socket.socket:
    """A socket that sends protocol 112 from an address, with the TTL of real VRRP."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    raw = socket.socket(family, socket.SOCK_RAW, VRRP)
    if family == socket.AF_INET6:
        raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
    else:
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
    raw.bind((source, 0))
    return raw


class Sending:
    """What is sent, again and again; what cannot be sent is noted."""

    def __init__(self, asked: dict[str, Any], raw: socket.socket) -> None:
        self.raw = raw
        self.errors: dict[str, str] = {}
        mac = hardware_address(asked["interface"])
        self.probes = [arp_probe(mac, vip) for vip in asked["vips"] if ":" not in vip]
        if asked["address6"]:
            self.probes += [solicitation(mac, asked["address6"], vip) for vip in asked["vips"] if ":" in vip]
        # Version 0, type 15, virtual router 0, priority 0: nobody acts on it.
        self.mark = b"\x0f\x00\x00\x00" + bytes.fromhex(asked["mark"])
        self.pairs = [(source, target) for source, target in asked["pairs"]]
        self.sockets: dict[str, socket.socket] = {}

    def round(self, number: int) -> None:
        """One round of packets."""
        for probe in self.probes if number < PROBES else ():
            self.raw.send(probe)
        for source, target in self.pairs:
            try:
                if source not in self.sockets:
                    self.sockets[source] = sender(source)
                self.sockets[source].sendto(self.mark, (target, 0))
            except OSError as error:
                self.errors[f"{source} {target}"] = error.strerror or str(error)


def watch(asked: dict[str, Any]) -> dict[str, Any]:
    """Send and listen for as long as asked."""
    seen = Watch(bytes.fromhex(asked["mark"]), asked["vips"])
    raw = wire(asked["interface"])
    sending = Sending(asked, raw)
    versions = {6 if ":" in source else 4 for source, _ in asked["pairs"]} | {6 if ":" in vip else 4 for vip in asked["vips"]}
    listeners = {found: version for version in versions for found in [listener(version, asked["interface"])] if found}
    begin = time.monotonic_ns()
    end, due, number = begin + int(asked["seconds"] * 1e9), begin, 0
    while time.monotonic_ns() < end:
        if time.monotonic_ns() >= due:
            sending.round(number)
            number, due = number + 1, due + int(PERIOD * 1e9)
        wait = max(0.0, (min(due, end) - time.monotonic_ns()) / 1e9)
        for ready in select.select([raw, *listeners], [], [], wait)[0]:
            data, place = ready.recvfrom(65536)
            if ready is not raw:
                if seen.mark in data:
                    own = ip4(data[16:20]) if listeners[ready] == 4 else asked["address6"]
                    seen.received.add((place[0].split("%")[0], own))
            elif place[2] != OUTGOING:
                seen.frame(data)
    return {
        "answers": sorted(seen.answers),
        "heard": [[*key, count] for key, count in sorted(seen.heard.items())],
        "arrived": sorted(seen.arrived),
        "received": sorted(seen.received),
        "errors": sending.errors,
    }


def main() -> None:
    """Print what was seen."""
    sys.stdout.write(json.dumps(watch(json.loads(sys.argv[1]))) + "\n")


if __name__ == "__main__":
    main()
