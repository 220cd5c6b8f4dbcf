"""The streams of requests that the client of a drill keeps up side by side: what each asks, and on what connection. Values only."""

from dataclasses import dataclass
from typing import Literal

from twinkeel.drill.history import MILLISECOND, SECOND, Stream

Exchange = Literal["read", "upload", "download"]


@dataclass(frozen=True)
class StreamKind:
    """One stream. `connection` names what it uses: those of the same name share one connection.

    `period` is the time between two starts in nanoseconds; 0: the next begins when the last one has ended.
    `credentials`: whether what it asks is refused to those who show none.
    """

    name: Stream
    title: str
    asks: str
    connection: str
    exchange: Exchange
    period: int = 0
    credentials: bool = False

    @property
    def multiplexed(self) -> bool:
        """Whether it is a stream of the HTTP/2 connection."""
        return self.connection == HTTP2


NEW: Stream = "new"
HTTP2 = "h2"
_UPLOAD = "a POST whose body takes half a second to send"
_DOWNLOAD = "a long answer, read slowly"

KINDS: tuple[StreamKind, ...] = (
    StreamKind("new", "new connections", "the small request, each on a TLS connection of its own", NEW, "read", 10 * MILLISECOND),
    StreamKind("kept", "kept", "the small request, ten times a second", "kept", "read", 100 * MILLISECOND),
    StreamKind("idle", "idle", "the small request, every two seconds", "idle", "read", 2 * SECOND),
    StreamKind("upload", "upload", _UPLOAD, "upload", "upload", credentials=True),
    StreamKind("download", "long answer", _DOWNLOAD, "download", "download", credentials=True),
    StreamKind("h2-read", "HTTP/2 reads", "the small request, ten times a second", HTTP2, "read", 100 * MILLISECOND),
    StreamKind("h2-upload", "HTTP/2 upload", _UPLOAD, HTTP2, "upload", credentials=True),
    StreamKind("h2-download", "HTTP/2 long answer", _DOWNLOAD, HTTP2, "download", credentials=True),
)
BY_NAME: dict[str, StreamKind] = {kind.name: kind for kind in KINDS}
PERIOD = BY_NAME[NEW].period
"""Between two new connections, in nanoseconds."""
WATCH = "watch"
"""Not a stream of requests: watch_stream.py."""
ALONE: tuple[str, ...] = ("new", "kept")
"""What costs least: for a client that runs for hours, or beside others."""


def streams_for(*, credentials: bool) -> tuple[str, ...]:
    """Every stream that the API will answer, and the watch."""
    return (*(kind.name for kind in KINDS if credentials or not kind.credentials), *([WATCH] if credentials else []))
