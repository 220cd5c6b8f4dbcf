"""A part of what runs on hosts: for how long the host has had each of its addresses, and waiting until one comes or goes.

The kernel is asked (rtnetlink(7)). Its own count of time does not depend on a clock that somebody sets.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator

GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR
NLMSG_ERROR, NLMSG_DONE, RTM_NEWADDR, RTM_GETADDR = 2, 3, 20, 22
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO = 1, 2, 6
TIMEOUT = 2.0
STAMP_WRAPS = 2**32 / 100.0  # Hundredths of a second since the boot, in 32 bits.


def listen() -> socket.socket:
    """A socket that becomes readable when an address comes or goes."""
    listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    listener.bind((0, GROUPS))
    return listener


def drain(listener: socket.socket) -> None:
    """Forget what the socket has: it only wakes. More than its buffer holds is as good."""
    with contextlib.suppress(OSError):
        while listener.recv(65536):
            pass


def ages() -> dict[str, float]:
    """Every address of this host, and for how many seconds it has had it. Empty where the kernel does not answer."""
    found: dict[str, float] = {}
    with contextlib.suppress(OSError), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asker:
        asker.settimeout(TIMEOUT)
        asker.send(struct.pack("=IHHII", 24, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + b"\0" * 8)
        while True:
            now = time.clock_gettime(time.CLOCK_MONOTONIC)
            for kind, body in messages(asker.recv(65536)):
                if kind in (NLMSG_DONE, NLMSG_ERROR):
                    return found
                entry = address_of(body) if kind == RTM_NEWADDR else None
                if entry:
                    found[entry[0]] = round((now - entry[1]) % STAMP_WRAPS, 2)
    return found


def messages(packet: bytes) -> Iterator[tuple[int, bytes]]:
    """The kind and body of each message in a netlink packet."""
    while len(packet) >= 16:
        length, kind = struct.unpack_from("=IH", packet)
        if length < 16:
            return
        yield kind, packet[16:length]
        packet = packet[(length + 3) & ~3 :]


def address_of(body: bytes) -> tuple[str, float] | None:
    """The address that a message tells of, and when it came (seconds since the boot); None where it tells of none."""
    parts, place = {}, 8
    while place + 4 <= len(body):
        size, number = struct.unpack_from("=HH", body, place)
        if size < 4:
            break
        parts[number] = body[place + 4 : place + size]
        place += (size + 3) & ~3
    raw = parts.get(IFA_LOCAL) or parts.get(IFA_ADDRESS)
    if raw is None or IFA_CACHEINFO not in parts:
        return None
    return socket.inet_ntop(body[0], raw), struct.unpack_from("=4I", parts[IFA_CACHEINFO])[2] / 100.0
