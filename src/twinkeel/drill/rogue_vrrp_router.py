"""Advertisements of a router that nobody knows: VRRP version 3, IPv4 (RFC 9568, section 5)."""

import socket
import struct
import time

from twinkeel.errors import UsageError

PROTOCOL = 112
GROUP = "224.0.0.18"
PERIOD = 0.1


def claim(vrid: int, vip: str, targets: list[str], seconds: float) -> int:
    """Advertise priority 255 for a virtual IP, to the multicast group and to each target; how many packets were sent.

    Raises:
        UsageError: this user may not send them.
    """
    try:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL)
    except PermissionError as error:
        raise UsageError("raw packets need root", hint="run the drill as root, or leave this scenario out") from error
    sent, end = 0, time.monotonic() + seconds
    with raw:
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        while time.monotonic() < end:
            for target in (GROUP, *targets):
                raw.sendto(advertisement(vrid, vip, own_address(target), target), (target, 0))
                sent += 1
            time.sleep(PERIOD)
    return sent


def own_address(target: str) -> str:
    """The address that this machine sends from; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((target, 9))
        return str(probe.getsockname()[0])


def advertisement(vrid: int, vip: str, source: str, target: str, priority: int = 255) -> bytes:
    """One packet's payload. The checksum covers a pseudo-header, too (RFC 9568, section 5.2.8)."""
    body = struct.pack("!BBBBHH4s", 3 << 4 | 1, vrid, priority, 1, round(PERIOD * 100), 0, socket.inet_aton(vip))
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!BBH", 0, PROTOCOL, len(body))
    return body[:6] + struct.pack("!H", checksum(pseudo + body)) + body[8:]


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total = sum(int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
