"""What a measurement recorded, and its file: JSON lines, a header first, then each host's lines as they came.

Nothing is evaluated here. What the lines mean stands in host_programs/exchange_probes.py; with two keys more: `host`, `phase`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twinkeel.errors import UsageError
from twinkeel.topology.model import Topology

KIND = "tune"
Line = Mapping[str, Any]


@dataclass(frozen=True)
class Router:
    """One virtual IP's place on one load balancer, as far as timers concern it. `peers` are the others' addresses."""

    host: str
    source: str
    peers: tuple[str, ...]
    vrid: int
    priority: int
    version: int
    advert_interval: float


@dataclass(frozen=True)
class Header:
    """What was measured: `period` is the time between two packets, in seconds; `started` is a wall-clock time for people."""

    cluster: str
    started: str
    twinkeel: str
    period: float
    seconds: float
    phases: tuple[str, ...]
    routers: tuple[Router, ...]


@dataclass(frozen=True)
class Recording:
    """One measurement. `lines` are in the order in which they came here."""

    header: Header
    lines: tuple[Line, ...] = field(repr=False)

    def of(self, kind: str, phase: str) -> Iterator[Line]:
        """The lines of one kind."""
        return (line for line in self.lines if line["kind"] == kind and line["phase"] == phase)


def routers_of(topology: Topology) -> tuple[Router, ...]:
    """Every virtual IP's place on every load balancer."""
    return tuple(
        Router(
            balancer.machine.name,
            str(each.source),
            tuple(str(peer) for peer in each.peers),
            each.vrid,
            each.priority,
            each.version,
            each.advert_interval,
        )
        for balancer in topology.load_balancers
        for each in balancer.instances
    )


def write_recording(recording: Recording, path: Path) -> None:
    """Write it; what is there is replaced."""
    lines: Iterable[Any] = ({"kind": KIND, **asdict(recording.header)}, *recording.lines)
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines), encoding="utf-8")


def read_recording(path: Path) -> Recording:
    """Read what `write_recording` wrote. Raises UsageError when it is something else, or cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"it cannot be read: {error.strerror}", where=str(path)) from error
    try:
        first, *rest = [json.loads(line) for line in content.decode().splitlines()]
        if first.pop("kind") != KIND:
            raise ValueError("of another kind")
        routers = tuple(Router(**{**each, "peers": tuple(each["peers"])}) for each in first.pop("routers"))
        header = Header(**{**first, "phases": tuple(first["phases"])}, routers=routers)
        if not all({"kind", "host", "phase"} <= line.keys() for line in rest):
            raise ValueError("a line without its host")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        hint = "give a file that `twinkeel tune --save FILE` wrote"
        raise UsageError("this file holds no measurement of `twinkeel tune`", where=str(path), hint=hint) from error
    return Recording(header, tuple(rest))
