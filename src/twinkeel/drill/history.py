"""What a trial recorded, as typed records, and its files.

A trial's folder holds append-only files of JSON lines, each with one writer:

    requests.jsonl   the client process: a `probe` record first, then `request` records, an `end` record last
                     and `event` records between them: what the watch stream did, and kept connections that ended
    events.jsonl     the runner: `event` records (what was done to the system, and when)
    kubectl.jsonl    the runner, where real kubectl was asked for: `request` records, an `end` record last

All times are nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share. Nothing is evaluated here: a file that ends
early or cannot be understood becomes a *flaw* of the history, and the checker answers `unknown` for a history with flaws.
"""

import json
import queue
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from twinkeel.errors import ToolError, UsageError

REQUESTS_FILE = "requests.jsonl"
EVENTS_FILE = "events.jsonl"
KUBECTL_FILE = "kubectl.jsonl"
WRITE_EVERY = 0.05  # Seconds between two writes of the buffer; also how old a live history can look.

Stream = Literal["new", "kept", "idle", "upload", "download", "h2-read", "h2-upload", "h2-download", "kubectl"]
MILLISECOND = 1_000_000
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Probe:
    """How the client asked: the periods and the time after which it gave up on one request, in nanoseconds.

    `watch` is what its watch stream watched; empty when there was none. `target` is the address that new connections ask.
    `identity` is what they show: "client certificate", "token" or "nothing"; empty in histories that are older than the choice.
    `streams` are the names of the streams of requests.
    """

    period: int
    kept_period: int
    timeout: int
    target: str = ""
    watch: str = ""
    identity: str = ""
    streams: tuple[str, ...] = ("new", "kept")


@dataclass(frozen=True)
class Request:
    """One request. `stream` is `new` (its own TLS connection), `kubectl` (one run of it), or another one of streams.py.

    `late` is how long after its due time the request was started: the client's own fault, not the system's.
    `error` is empty when the answer was good, else a class such as `refused`, `reset`, `timeout`, `tls`, `http-503`.
    A request that takes its time by itself (a slow upload) tells `waited`: the longest time in it that the client waited for the
    other side, of a failed one the last; and `heard`: when it first had a sign of life. Both are 0 in all others.
    """

    stream: Stream
    start: int
    end: int
    late: int = 0
    error: str = ""
    waited: int = 0
    heard: int = 0


@dataclass(frozen=True)
class Event:
    """Something that the runner did or saw; `data` holds plain values."""

    name: str
    at: int
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class End:
    """The client stopped because it was told to; `requests` is how many it recorded."""

    requests: int
    at: int


Record = Probe | Request | Event | End
_KINDS: dict[str, type[Record]] = {"probe": Probe, "request": Request, "event": Event, "end": End}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True)
class History:
    """A trial's records. The order of `requests` means nothing; `events` are in the order of their times."""

    probe: Probe | None
    requests: tuple[Request, ...]
    events: tuple[Event, ...]
    flaws: tuple[str, ...] = ()

    def event(self, name: str) -> Event | None:
        """The first event of that name."""
        return next((event for event in self.events if event.name == name), None)

    def value(self, name: str, key: str) -> Any:
        """One value of the first event of that name; None when there is no such event or value."""
        event = self.event(name)
        return event.data.get(key) if event else None


def encode(record: Record) -> str:
    """One JSON line."""
    values = {key: value for key, value in vars(record).items() if value or key not in _LONG_REQUESTS}
    return json.dumps({"kind": _NAMES[type(record)], **values}, separators=(",", ":")) + "\n"


def decode(line: str) -> Record:
    """The record of one line. Raises ValueError for anything that `encode` cannot have written."""
    value = json.loads(line)
    if not isinstance(value, dict) or value.get("kind") not in _KINDS:
        raise ValueError("not a record")
    if isinstance(value.get("streams"), list):
        value["streams"] = tuple(value["streams"])
    try:
        record = _KINDS[value.pop("kind")](**value)
    except TypeError as error:
        raise ValueError(str(error)) from error
    if any(not isinstance(number, int) for key, number in value.items() if key in _NUMBERS):
        raise ValueError("a time that is not a whole number")
    return record


_LONG_REQUESTS = {"waited", "heard"}
_NUMBERS = {"start", "end", "late", "at", "period", "kept_period", "timeout", "requests", *_LONG_REQUESTS}


class HistoryWriter:
    """Appends records to a file from a thread of its own, so that a slow disk cannot delay the client's next request.

    What was appended more than `WRITE_EVERY` seconds ago is in the file even when the process is killed. When it cannot be written
    (the disk is full) nothing more is: `trouble` says why, `append` goes on doing nothing so that a fault under way is healed, and
    `close` raises.
    """

    def __init__(self, path: Path) -> None:
        self.trouble: OSError | None = None
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._queue: queue.SimpleQueue[Record] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write, name="history", daemon=True)
        self._thread.start()

    def append(self, record: Record) -> None:
        """Queue one record; never blocks."""
        self._queue.put(record)

    def close(self) -> None:
        """Write what is left and close the file. Raises ToolError when not everything could be written."""
        self._closing.set()
        self._thread.join()
        self._drain()
        self._file.close()
        if self.trouble is not None:
            hint = "make room there; what was recorded before stays, and its verdict is unknown"
            what = f"the history cannot be written: {self.trouble.strerror}"
            raise ToolError(what, where=str(self._path), hint=hint) from self.trouble

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    def _write(self) -> None:
        while not self._closing.wait(WRITE_EVERY):
            self._drain()

    def _drain(self) -> None:
        lines = []
        while not self._queue.empty():
            lines.append(encode(self._queue.get()))
        rest = "".join(lines).encode()
        try:
            while rest and self.trouble is None:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.trouble = error


def read_history(folder: Path) -> History:
    """Read a trial's folder. Damage becomes `flaws`; UsageError only when the folder holds no trial at all."""
    if not (folder / EVENTS_FILE).is_file():
        raise UsageError("this folder holds no trial", where=str(folder), hint="give the folder that `twinkeel drill run -o` wrote")
    flaws: list[str] = []
    asked = list(_records(folder / REQUESTS_FILE, flaws))
    done = list(_records(folder / EVENTS_FILE, flaws))
    requests = tuple(record for record in asked if isinstance(record, Request))
    flaws += _end_flaws("the client", asked)
    probe = next((record for record in asked if isinstance(record, Probe)), None)
    events = sorted((record for record in (*done, *asked) if isinstance(record, Event)), key=lambda event: event.at)
    if (folder / KUBECTL_FILE).is_file():
        runs = list(_records(folder / KUBECTL_FILE, flaws))
        requests += tuple(record for record in runs if isinstance(record, Request))
        flaws += _end_flaws("kubectl", runs)
    return History(probe, requests, tuple(events), tuple(flaws))


def _end_flaws(who: str, records: list[Record]) -> list[str]:
    ends, count = [record for record in records if isinstance(record, End)], sum(isinstance(record, Request) for record in records)
    if not ends:
        return [f"{who} stopped before it was asked to"]
    return [] if ends[0].requests == count else [f"{who} recorded {ends[0].requests} requests, the history holds {count}"]


def _records(path: Path, flaws: list[str]) -> Iterator[Record]:
    if not path.is_file():
        flaws.append(f"{path.name} is missing")
        return
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("the line has no end")
            yield decode(line.decode())
        except ValueError:
            flaws.append(f"line {number} of {path.name} is broken")
