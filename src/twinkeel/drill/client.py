"""The client of a drill: a process of its own that asks through the virtual IP and records what it saw.

    python -m twinkeel.drill.client --address 192.168.1.110 --port 6443 --server-name lb.lab-home.com --ca-file CA --history FILE

Streams of requests (`--streams`; streams.py tells them all), all over TLS verified against the cluster CA, and a watch where there
are credentials (`--pem-file`, `--token-file`):

- `new`: every 10 ms a new TCP connection and a full TLS handshake (no session is ever resumed), then one request. Requests run
  side by side: one that hangs does not delay the next. The client gives up on a request after 1 s; what counts as served is the
  checker's affair.
- kept connections, and an HTTP/2 connection for several streams: see kept.py.
- the watch: a Kubernetes watch on a connection of its own; see watch_stream.py.

With `--known` the small request, too, shows the credentials: a client certificate in each handshake, or the token.

Starts follow a fixed grid of CLOCK_MONOTONIC. When the process itself was held up it skips the ticks it missed and records how
late it was. It ends at SIGTERM, or when its parent is gone. Anything unexpected kills it: its history then lacks the `end` record,
and proves nothing. What it costs shows scripts/benchmark-client: 0.22 s of CPU time a second for `new` and `kept` without
credentials, 0.25 s with a client certificate (RSA, 2048 bits), 0.29 s for every stream; 0.7 ms late (median, 2 busy cores).
"""

import argparse
import asyncio
import contextlib
import gc
import os
import signal
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from twinkeel.drill.history import MILLISECOND, SECOND, End, HistoryWriter, Probe
from twinkeel.drill.https import Connection, Target, error_class, verified_context
from twinkeel.drill.k8s_watch_stream import LEASES, WatchStream
from twinkeel.drill.kept import TIMEOUT, Asking, keep_connection, keep_http2
from twinkeel.drill.streams import ALONE, BY_NAME, NEW, PERIOD, WATCH
from twinkeel.drill.ticks import ticks
from twinkeel.errors import ToolError

KEPT_PERIOD = BY_NAME["kept"].period
REAL_TIME_PRIORITY = 1
PREFERRED_NICE = -15


@dataclass(frozen=True)
class Credentials:
    """Files of a client certificate with its key, or of a token."""

    pem_file: Path | None
    token_file: Path | None

    @property
    def token(self) -> str:
        """Empty when there is none."""
        return self.token_file.read_text().strip() if self.token_file else ""

    def context(self, ca_file: Path, *protocols: str) -> ssl.SSLContext:
        """TLS that shows the client certificate, when there is one; `protocols` are offered (ALPN)."""
        context = verified_context(ca_file)
        if self.pem_file:
            context.load_cert_chain(self.pem_file)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context


NOBODY = Credentials(None, None)


async def measure(
    target: Target, history: Path, credentials: Credentials = NOBODY, period: int = PERIOD, streams: Sequence[str] = ALONE
) -> None:
    """Ask until SIGTERM or until the parent process is gone. Raises whatever was not foreseen (no room for the history).

    `period` is the time between two new connections, in nanoseconds.
    """
    watched = LEASES if WATCH in streams else ""
    shown = credentials if target.known else NOBODY
    kinds = [BY_NAME[name] for name in streams if name != WATCH]
    with HistoryWriter(history) as writer:
        asked = tuple(kind.name for kind in kinds)
        writer.append(Probe(period, KEPT_PERIOD, TIMEOUT, target.url, watched, _identity(shown), asked))
        small = Asking(target, shown.context(target.ca_file), shown.token, writer, asyncio.Event())
        known = Asking(target, credentials.context(target.ca_file), credentials.token, writer, small.stop, small.count)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, small.stop.set)
        async with asyncio.TaskGroup() as group, _watching(known, watched):
            group.create_task(_stop_with_parent(small))
            for kind in kinds:
                if kind.name != NEW and not kind.multiplexed:
                    group.create_task(keep_connection(known if kind.credentials else small, kind))
            shared = [kind for kind in kinds if kind.multiplexed]
            if shared:
                context = credentials.context(target.ca_file, "h2")
                one = Asking(_known(target, credentials), context, credentials.token, writer, small.stop, small.count)
                group.create_task(keep_http2(one, shared))
            if NEW not in streams:
                await small.stop.wait()
            async for start, late in ticks(period, small.stop):
                group.create_task(_ask_new(small, start, late))
        writer.append(End(small.count.recorded, time.monotonic_ns()))


def _known(target: Target, credentials: Credentials) -> Target:
    """One connection has one identity: where another status is right for strangers, whoever shows credentials is answered 200."""
    return target if credentials == NOBODY else replace(target, status=target.status and 200)


def _identity(shown: Credentials) -> str:
    return "client certificate" if shown.pem_file else "token" if shown.token_file else "nothing"


@contextlib.asynccontextmanager
async def _watching(known: Asking, watched: str) -> AsyncIterator[None]:
    """The watch goes on during the block, and is checked at its end. A watch that broke in an unforeseen way raises there."""
    if not watched:
        yield
        return
    watch = WatchStream(known.target, known.context, known.token, known.writer.append)
    task = asyncio.create_task(watch.keep())
    yield
    await watch.check()
    if task.done():
        await task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _ask_new(asking: Asking, start: int, late: int) -> None:
    try:
        async with asyncio.timeout(TIMEOUT / SECOND), Connection.open(asking.target, asking.context) as connection:
            await connection.get(asking.token)
    except (OSError, EOFError, ValueError) as error:
        asking.record(NEW, start, late, error_class(error))
    else:
        asking.record(NEW, start, late, "")


async def _stop_with_parent(asking: Asking) -> None:
    """A client whose runner was killed must not ask for ever; one that cannot record must not seem to measure."""
    parent = os.getppid()
    while not asking.stop.is_set() and os.getppid() == parent:
        if asking.writer.trouble is not None:
            raise asking.writer.trouble
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asking.stop.wait(), timeout=1)
    asking.stop.set()


def _prefer_this_process() -> None:
    """Ask to run before everything else: the client stands for machines that do not share the lab's processors.

    It needs less than a third of one processor: real-time scheduling cannot starve the others. Where it is refused, a nice level
    must do.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(REAL_TIME_PRIORITY))
    except PermissionError:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, PREFERRED_NICE)
    gc.collect()
    gc.freeze()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m twinkeel.drill.client", description="The measuring client of a drill.")
    parser.add_argument("--address", required=True, help="the virtual IP")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--server-name", required=True, help="the name that the certificate must hold")
    parser.add_argument("--ca-file", type=Path, required=True)
    parser.add_argument("--history", type=Path, required=True, help="the file to append to")
    parser.add_argument("--period-ms", type=int, default=PERIOD // MILLISECOND, help="between two new connections")
    parser.add_argument("--path", default="/readyz", help="of the small request")
    parser.add_argument("--status", type=int, default=200, help="what it must be answered; 0: anything")
    parser.add_argument("--known", action="store_true", help="the small request shows the credentials")
    parser.add_argument("--streams", nargs="+", choices=(*BY_NAME, WATCH), default=ALONE)
    parser.add_argument("--pem-file", type=Path, help="a client certificate with its key")
    parser.add_argument("--token-file", type=Path, help="a token")
    return parser.parse_args()


def main() -> None:
    """The process's start: parse, prefer, measure."""
    given = _arguments()
    _prefer_this_process()
    try:
        target = Target(
            given.address, given.port, given.server_name, given.ca_file, given.path, given.status or None, known=given.known
        )
        credentials = Credentials(given.pem_file, given.token_file)
        asyncio.run(measure(target, given.history, credentials, given.period_ms * MILLISECOND, given.streams))
    except ToolError as error:
        # Its log's last line is what the runner tells.
        raise SystemExit(error.what) from None


if __name__ == "__main__":
    main()
