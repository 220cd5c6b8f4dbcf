"""Runs on a load balancer as root: sends what an advertisement is like to the others, and tells when theirs arrive.

    python3 -c PROGRAM '{"pairs": [[OWN, OTHER], ...], "period": SECONDS, "seconds": ..., "mark": HEX, "daemon": NAME}'

It takes the way of a real advertisement: protocol 112 with a TTL of 255, through the same firewalls, one loop that waits for its
timer and for packets at once, with the scheduling of this host's VRRP daemon (one real-time priority below it, so that it
never waits for us). A packet is of VRRP version 0, type 15, virtual router 0: RFC 9568 7.1 has every receiver discard it, and
the daemon does so without a line in its log.

Changes nothing, and ends by itself after its time, or as soon as standard input ends (the SSH connection is lost).
Prints one JSON object a line, about once a second. All times are microseconds of this host's own monotonic clock since it began:

    {"kind": "start", "scheduling": TEXT, NAME: [TEXT, ...]}
    {"kind": "slots", "first": NUMBER, "late": [...]}            how late each packet of ours was sent
    {"kind": "heard", "from": ..., "to": ..., "slots": [...], "at": [...]}
    {"kind": "advert", "from": ..., "to": ..., "vrid": ..., "at": [...]}     advertisements of the daemon itself
    {"kind": "trouble", "from": ..., "to": ..., "what": TEXT}    what could not be sent
    {"kind": "end", "busy": SHARE, "stolen": SHARE}              of all processors' time; stolen: the hypervisor had it
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import select
import socket
import struct
import sys
import time
from typing import Any

VRRP = 112
HEADER = b"\x0f\x00\x00\x00"
SLOT = struct.Struct("!I")
REPORT_EVERY = 1_000_000
# After a longer stall most packets that are overdue are left out: no burst is longer than a second's packets.
LONGEST_BURST = 1_000_000
PRIORITY_BELOW = 49
DAEMON_NICE = -19
RLIMIT_RTTIME = 15
MCL_CURRENT_AND_FUTURE = 3
RECEIVE_BUFFER = 1 << 20


def scheduling_of(pid: int) -> str:
    """How a process is scheduled, for a person."""
    policy = os.sched_getscheduler(pid) & ~os.SCHED_RESET_ON_FORK
    names = {os.SCHED_FIFO: "real-time (FIFO)", os.SCHED_RR: "real-time (RR)"}
    if policy in names:
        return f"{names[policy]} {os.sched_getparam(pid).sched_priority}"
    return f"nice {os.getpriority(os.PRIO_PROCESS, pid)}"


def daemon_scheduling(name: str) -> list[str]:
    """Of each process of the VRRP daemon that runs here."""
    found = []
    for pid in os.listdir("/proc"):
        try:
            with open(f"/proc/{int(pid)}/comm") as file:
                if file.read().strip().startswith(name):
                    found.append(scheduling_of(int(pid)))
        except (ValueError, OSError):
            continue
    return found


def take_scheduling(daemon: list[str]) -> str:
    """Run as the daemon runs here, or would run with our settings; what that came to."""
    nice = next((int(each[5:]) for each in sorted(daemon) if each.startswith("nice ")), DAEMON_NICE)
    with contextlib.suppress(OSError, ValueError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        if not daemon or any(each.startswith("real-time") for each in daemon):
            # A real-time process that forgets to wait is ended by the kernel after a second.
            resource.setrlimit(RLIMIT_RTTIME, (1_000_000, 1_000_000))
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY_BELOW))
    return scheduling_of(0)


def lock_memory() -> None:
    """As `vrrp_no_swap` does; without it a measurement is only a little worse."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mlockall(MCL_CURRENT_AND_FUTURE)


def processor_times() -> tuple[int, int, int]:
    """All, busy and stolen time of all processors since the start, in ticks (proc(5))."""
    with open("/proc/stat") as file:
        times = [int(each) for each in file.readline().split()[1:9]]
    return sum(times), sum(times) - times[3] - times[4], times[7]


def open_socket(own: str) -> socket.socket:
    """One that sends protocol 112 from an address of ours and gets what comes for it."""
    family = socket.AF_INET6 if ":" in own else socket.AF_INET
    raw = socket.socket(family, socket.SOCK_RAW, VRRP)
    if family == socket.AF_INET6:
        raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
    else:
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    raw.bind((own, 0))
    raw.setblocking(False)
    return raw


class Output:
    """Lines to standard output; never waits for whoever reads them."""

    def __init__(self) -> None:
        self.left = b""
        os.set_blocking(1, False)

    def line(self, kind: str, **data: Any) -> None:
        """One more line, written when there is room."""
        self.left += (json.dumps(dict(data, kind=kind), separators=(",", ":")) + "\n").encode()
        self.flush()

    def flush(self) -> None:
        """Write what there is room for."""
        with contextlib.suppress(BlockingIOError):
            self.left = self.left[os.write(1, self.left) :]

    def finish(self) -> None:
        """Write the rest."""
        os.set_blocking(1, True)
        while self.left:
            self.flush()


class Exchange:
    """What is sent and heard. Times are in microseconds since `begin`."""

    def __init__(self, asked: dict[str, Any], output: Output) -> None:
        self.output = output
        self.mark = HEADER + bytes.fromhex(asked["mark"])
        self.period: int = round(asked["period"] * 1e6)
        self.pairs = [(own, other) for own, other in asked["pairs"]]
        self.sockets = {own: open_socket(own) for own in dict.fromkeys(own for own, _ in self.pairs)}
        self.places = {raw.fileno(): (own, raw) for own, raw in self.sockets.items()}
        self.begin = time.monotonic_ns()
        self.slot = 0
        self.late: list[int] = []
        self.heard: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
        self.adverts: dict[tuple[str, str, int], list[int]] = {}
        self.trouble: dict[tuple[str, str], str] = {}

    def now(self) -> int:
        """Microseconds since it began."""
        return (time.monotonic_ns() - self.begin) // 1000

    def due(self) -> int:
        """When the next packets are to be sent."""
        return self.slot * self.period

    def send(self) -> None:
        """Every packet that is due: after a stall all of them, so that none is missing on the other side."""
        now = self.now()
        if now - self.due() > LONGEST_BURST:
            # The first of them tells how long the stall was.
            self.send_one(now)
            self.report_slots()
            self.slot = now // self.period
        while self.due() <= now:
            self.send_one(now)

    def send_one(self, now: int) -> None:
        """The packet of this slot to everybody, and on to the next slot."""
        packet = self.mark + SLOT.pack(self.slot)
        for own, other in self.pairs:
            try:
                self.sockets[own].sendto(packet, (other, 0))
            except OSError as error:
                self.trouble[own, other] = error.strerror or str(error)
        self.late.append(now - self.due())
        self.slot += 1

    def receive(self, own: str, raw: socket.socket) -> None:
        """Everything that waits in the socket of an address."""
        while True:
            try:
                data, place = raw.recvfrom(2048)
            except OSError:
                return
            self.take(data if ":" in own else data[(data[0] & 15) * 4 :], str(place[0]).partition("%")[0], own)

    def take(self, data: bytes, source: str, own: str) -> None:
        """One packet of protocol 112: of this measurement, or an advertisement of a real router."""
        if data.startswith(self.mark) and len(data) >= len(self.mark) + SLOT.size:
            slots, times = self.heard.setdefault((source, own), ([], []))
            slots.append(SLOT.unpack_from(data, len(self.mark))[0])
            times.append(self.now())
        elif len(data) >= 8 and data[0] >> 4 in (2, 3) and data[0] & 15 == 1:
            self.adverts.setdefault((source, own, data[1]), []).append(self.now())

    def report_slots(self) -> None:
        """How late ours were sent since the last time."""
        if self.late:
            self.output.line("slots", first=self.slot - len(self.late), late=self.late)
            self.late = []

    def report(self) -> None:
        """Everything since the last time."""
        self.report_slots()
        for (source, own), (slots, times) in self.heard.items():
            self.output.line("heard", **{"from": source, "to": own}, slots=slots, at=times)
        for (source, own, vrid), times in self.adverts.items():
            self.output.line("advert", **{"from": source, "to": own}, vrid=vrid, at=times)
        for (own, other), what in self.trouble.items():
            self.output.line("trouble", **{"from": own, "to": other}, what=what)
        self.heard, self.adverts, self.trouble = {}, {}, {}

    def run(self, seconds: float) -> None:
        """Until the time is over or standard input ends."""
        end, reported = round(seconds * 1e6), 0
        while self.now() < end:
            wait = max(0, min(self.due(), end) - self.now()) / 1e6
            ready = select.select([0, *self.places], [], [], wait)[0]
            if 0 in ready and not os.read(0, 4096):
                return
            for place in ready:
                if place in self.places:
                    self.receive(*self.places[place])
            if self.now() >= self.due():
                self.send()
            if self.now() - reported >= REPORT_EVERY:
                reported = self.now()
                self.report()
            elif self.output.left:
                self.output.flush()
        self.report()


def main() -> None:
    """Measure and tell."""
    asked = json.loads(sys.argv[1])
    output = Output()
    daemon = daemon_scheduling(asked["daemon"])
    lock_memory()
    gc.disable()
    output.line("start", **{"scheduling": take_scheduling(daemon), asked["daemon"]: daemon})
    before = processor_times()
    Exchange(asked, output).run(asked["seconds"])
    total, busy, stolen = (after - then for after, then in zip(processor_times(), before))
    output.line("end", busy=round(busy / max(total, 1), 4), stolen=round(stolen / max(total, 1), 4))
    output.finish()


if __name__ == "__main__":
    main()
