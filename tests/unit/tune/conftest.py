"""Recordings made up: two hosts, one virtual IP, packets every 10 ms, and delays where a test wants them."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest

from twinkeel.tune.recording import Header, Recording, Router

ADDRESSES = {"lb-1": "192.168.1.111", "lb-2": "192.168.1.112"}
PERIOD_US = 10_000
Record = Callable[..., Recording]


def routers(interval: float = 0.07, version: int = 3) -> tuple[Router, ...]:
    one, two = ADDRESSES.values()
    return (
        Router("lb-1", one, (two,), 216, 250, version, interval),
        Router("lb-2", two, (one,), 216, 240, version, interval),
    )


def record(
    slots: int = 3000,
    *,
    delays: Mapping[int, int] | None = None,
    lost: frozenset[int] | set[int] = frozenset(),
    interval: float = 0.07,
    version: int = 3,
    jitter: int = 40,
    phases: tuple[str, ...] = ("as they are",),
    delayed_phase: str = "as they are",
) -> Recording:
    """Delays in microseconds (slot -> how late it arrives) and losses are of lb-1's packets; the clocks have nothing in common.

    Packets behind a delayed one arrive right after it, as after a stall.
    """
    random, lines = Random(1), list[dict[str, Any]]()  # noqa: S311 - no secret
    for phase in phases:
        hit = delays if delays and phase == delayed_phase else {}
        for sender, receiver in (("lb-1", "lb-2"), ("lb-2", "lb-1")):
            free, heard, at = 0, list[int](), list[int]()
            for slot in range(slots):
                late = round(random.expovariate(1 / jitter))
                if sender == "lb-1":
                    late += hit.get(slot, 0)
                free = max(free, slot * PERIOD_US + late)
                if sender != "lb-1" or slot not in lost:
                    heard.append(slot)
                    at.append(123_456 + free)
            said = {"phase": phase}
            lines += [
                {**said, "host": sender, "kind": "start", "scheduling": "real-time (RR) 49", "keepalived": ["real-time (RR) 50"]},
                {**said, "host": sender, "kind": "slots", "first": 0, "late": [5] * slots},
                {**said, "host": receiver, "kind": "heard", "from": ADDRESSES[sender], "to": ADDRESSES[receiver], "slots": heard}
                | {"at": at},
                {**said, "host": sender, "kind": "end", "busy": 0.1, "stolen": 0.0},
            ]
    header = Header("lab", "2026-11-30", "0", 0.01, slots / 100, phases, routers(interval, version))
    return Recording(header, tuple(lines))


@pytest.fixture(name="record")
def record_fixture() -> Record:
    return record
