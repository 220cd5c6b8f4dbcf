"""The program that runs on load balancers: two of them in a network namespace, with real packets of protocol 112."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from twinkeel.tune.delays import Delays, delays_of
from twinkeel.tune.evaluate import evaluate
from twinkeel.tune.measure import EXCHANGE_PROBES
from twinkeel.tune.recording import Header, Recording, Router

OWN = {"lb-1": "127.0.0.1", "lb-2": "127.0.0.2"}
OWN6 = {"lb-1": "fd00::1", "lb-2": "fd00::2"}
PERIOD = 0.01
DEADLINE = 60.0
# Advertisements of version 3, VRID 216, as a router on lb-1's address sends them.
ADVERTISE = """
import socket, time
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
raw.bind(("127.0.0.1", 0))
for _ in range(20):
    raw.sendto(bytes([0x31, 216, 250, 1, 0, 7, 0, 0, 10, 0, 0, 1]), ("127.0.0.2", 0))
    time.sleep(0.07)
"""


def can_make_namespaces() -> bool:
    return os.geteuid() == 0 and subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_make_namespaces(), reason="namespaces and raw sockets need root")


@dataclass
class Segment:
    """A network of its own, in which each host is one address of the loopback interface."""

    holder: subprocess.Popen[str]
    own: Mapping[str, str] = field(default_factory=lambda: OWN)
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def enter(self, *argv: str) -> list[str]:
        return ["nsenter", "-t", str(self.holder.pid), "-n", "--", *argv]

    def start(self, host: str, seconds: float) -> subprocess.Popen[str]:
        other = next(address for name, address in self.own.items() if name != host)
        asked = {
            "pairs": [[self.own[host], other]],
            "period": PERIOD,
            "seconds": seconds,
            "mark": "ab" * 12,
            "daemon": "keepalived",
        }
        argv = self.enter(sys.executable, "-c", EXCHANGE_PROBES, json.dumps(asked))
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.running[host] = process
        return process

    def measure(self, seconds: float, meanwhile: Callable[["Segment"], None] = lambda _: None) -> Recording:
        """What both hosts say. `meanwhile` runs once both have begun."""
        for host in self.own:
            self.start(host, seconds)
        first = {host: (process.stdout.readline() if process.stdout else "") for host, process in self.running.items()}
        meanwhile(self)
        lines: list[Mapping[str, Any]] = []
        for host, process in self.running.items():
            rest = _rest(process)
            lines += [{"host": host, "phase": "p", **json.loads(line)} for line in [first[host], *rest.splitlines()]]
            assert process.wait() == 0, process.stderr and process.stderr.read()
        one, two = self.own.values()
        routers = (Router("lb-1", one, (two,), 216, 250, 3, 0.07), Router("lb-2", two, (one,), 216, 240, 3, 0.07))
        return Recording(Header("loopback", "", "", PERIOD, seconds, ("p",), routers), tuple(lines))


def _rest(process: subprocess.Popen[str]) -> str:
    """The rest of its output; standard input stays open until it ended."""
    assert process.stdout is not None
    return process.stdout.read()


@pytest.fixture
def segment() -> Iterator[Segment]:
    addresses = "ip link set lo up && ip address add fd00::1 dev lo && ip address add fd00::2 dev lo"
    argv = ["unshare", "--net", "sh", "-c", f"{addresses} && echo up && exec sleep 300"]
    holder = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    made = Segment(holder)
    try:
        yield made
    finally:
        for process in (*made.running.values(), holder):
            process.kill()
            process.wait()


def direction(recording: Recording, sender: str) -> Delays:
    return next(each for each in delays_of(recording) if each.sender == sender)


@pytest.mark.parametrize("own", [OWN, OWN6], ids=["IPv4", "IPv6"])
def test_both_hear_what_the_other_sends(own: Mapping[str, str], segment: Segment) -> None:
    segment.own = own
    recording = segment.measure(3)
    for sender in OWN:
        found = direction(recording, sender)
        assert found.sent > 100
        assert found.lost == 0
        assert 0 < found.seconds <= 3.5
    starts = list(recording.of("start", "p"))
    assert all(line["scheduling"].startswith(("real-time", "nice")) for line in starts)
    assert len(list(recording.of("end", "p"))) == 2


def test_a_host_that_stood_still_is_a_delay_in_both_directions(segment: Segment) -> None:
    """Its packets come late, and it hears late what it was sent: a backup that stalls takes over as well."""

    def stall(there: Segment) -> None:
        time.sleep(1.2)
        there.running["lb-1"].send_signal(signal.SIGSTOP)
        time.sleep(0.6)
        there.running["lb-1"].send_signal(signal.SIGCONT)

    recording = segment.measure(4, stall)
    for sender in OWN:
        assert direction(recording, sender).longest > 0.4
        assert direction(recording, sender).lost == 0
    assert direction(recording, "lb-1").longest_sent_late > 0.4
    tuning = evaluate(recording, wished=1)
    assert next(each for each in tuning.choices if each.interval == 0.1).seen >= 1
    assert tuning.too_short


def test_a_stall_longer_than_what_is_made_up_for_is_told_in_full(segment: Segment) -> None:
    def stall(there: Segment) -> None:
        time.sleep(1.2)
        there.running["lb-1"].send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        there.running["lb-1"].send_signal(signal.SIGCONT)

    recording = segment.measure(6, stall)
    assert direction(recording, "lb-1").longest > 2
    # What was left out was never sent: nothing is lost.
    assert direction(recording, "lb-1").lost == 0


def test_advertisements_of_a_router_are_told_apart(segment: Segment) -> None:
    def advertise(there: Segment) -> None:
        subprocess.run(there.enter(sys.executable, "-c", ADVERTISE), check=True)

    tuning = evaluate(segment.measure(4, advertise), wished=1)
    (one,) = tuning.advertisements
    assert (one.sender, one.receiver, one.vrid, one.count) == ("lb-1", "lb-2", 216, 19)


def test_it_ends_when_nobody_listens_any_more(segment: Segment) -> None:
    process = segment.start("lb-1", 600)
    assert process.stdin is not None
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["kind"] == "start"
    process.stdin.close()
    assert process.wait(DEADLINE) == 0


def test_what_cannot_be_sent_is_told(segment: Segment) -> None:
    asked = {"pairs": [["127.0.0.1", "192.0.2.1"]], "period": PERIOD, "seconds": 1, "mark": "ab" * 12, "daemon": "keepalived"}
    argv = segment.enter(sys.executable, "-c", EXCHANGE_PROBES, json.dumps(asked))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        said = [json.loads(line) for line in _rest(process).splitlines()]
    trouble = next(line for line in said if line["kind"] == "trouble")
    assert (trouble["from"], trouble["to"]) == ("127.0.0.1", "192.0.2.1")
    assert trouble["what"]
