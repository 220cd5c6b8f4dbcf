"""Tell what happens to virtual IPs, Keepalived and HAProxy on this host, one JSON object a line, until standard input ends.

Runs on a load balancer, so it needs Python 3.6 and nothing else. Arguments: the addresses to look for.
"""

import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
import time
from typing import IO, Iterator, Set, Tuple, cast

ALIVE_EVERY = 0.5
RTM_NEWADDR, RTM_DELADDR = 20, 21
GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR
IFA_ADDRESS, IFA_LOCAL = 1, 2
KEEPALIVED = re.compile(r"\((\S+)\) Entering (MASTER|BACKUP|FAULT) STATE")
HAPROXY = re.compile(r"Server (\S+)/(\S+) is (UP|DOWN)")


def log(kind: str, **data: object) -> None:
    """One line, at once."""
    sys.stdout.write(json.dumps(dict(data, kind=kind)) + "\n")
    sys.stdout.flush()


def address_changes(packet: bytes) -> Iterator[Tuple[str, bool]]:
    """Pairs of (address, whether it came) out of a netlink packet (see rtnetlink(7))."""
    while len(packet) >= 16:
        length, kind = struct.unpack_from("=IH", packet)
        if length < 16:
            return
        if kind in (RTM_NEWADDR, RTM_DELADDR):
            family, found = packet[16], {}
            place = 24
            while place + 4 <= length:
                size, number = struct.unpack_from("=HH", packet, place)
                if size < 4:
                    break
                found[number] = packet[place + 4 : place + size]
                place += (size + 3) & ~3
            raw = found.get(IFA_LOCAL) or found.get(IFA_ADDRESS)
            if raw:
                yield socket.inet_ntop(family, raw), kind == RTM_NEWADDR
        packet = packet[(length + 3) & ~3 :]


def addresses() -> Set[str]:
    """What this host has now."""
    shown = subprocess.run(["ip", "-j", "address", "show"], stdout=subprocess.PIPE, check=True).stdout
    return {entry["local"] for link in json.loads(shown.decode()) for entry in link.get("addr_info", ()) if "local" in entry}


def take_log(line: str) -> None:
    """What a line of the journal says about VRRP states and servers."""
    state, server = KEEPALIVED.search(line), HAPROXY.search(line)
    if state:
        log("vrrp", instance=state.group(1), state=state.group(2))
    elif server:
        log("server", backend=server.group(1), server=server.group(2), state=server.group(3))


def main() -> None:
    """Watch until standard input ends."""
    wanted = sys.argv[1:]
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    netlink.bind((0, GROUPS))
    command = ["journalctl", "--follow", "--lines=0", "--output=cat", "--unit=haproxy", "--unit=keepalived"]
    journal = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    lines_of = cast("IO[bytes]", journal.stdout)
    held = addresses()
    log("start", held=[address for address in wanted if address in held])
    rest, reported = b"", time.monotonic()
    try:
        while True:
            ready, _, _ = select.select([0, netlink.fileno(), lines_of.fileno()], [], [], ALIVE_EVERY)
            # Also while HAProxy writes a line of its log for each request.
            if time.monotonic() - reported >= ALIVE_EVERY:
                reported = time.monotonic()
                log("alive")
            if 0 in ready and not os.read(0, 4096):
                return
            if netlink.fileno() in ready:
                for address, came in address_changes(netlink.recv(65536)):
                    if address in wanted:
                        log("vip", address=address, held=came)
            if lines_of.fileno() in ready:
                *lines, rest = (rest + os.read(lines_of.fileno(), 65536)).split(b"\n")
                for line in lines:
                    take_log(line.decode(errors="replace"))
    finally:
        journal.kill()


if __name__ == "__main__":
    main()
