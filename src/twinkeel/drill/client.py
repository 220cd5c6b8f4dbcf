"""The client of a drill: a process of its own that asks through the virtual IP and records what it saw.

    python -m twinkeel.drill.client --address 192.168.1.110 --port 6443 --server-name lb.lab-home.com --ca-file CA --history FILE

Two streams of requests, both over TLS verified against the cluster CA, and a watch where there are credentials (`--pem-file`,
`--token-file`):

- `new`: every 10 ms a new TCP connection and a full TLS handshake (no session is ever resumed), then one request. Requests run
  side by side: one that hangs does not delay the next. The client gives up on a request after 1 s; what counts as served is the
  checker's affair.
- `kept`: one keep-alive connection, a request every 100 ms, a new connection after a failure.
- the watch: a Kubernetes watch on a connection of its own; see watch_stream.py.

Starts follow a fixed grid of CLOCK_MONOTONIC. When the process itself was held up it skips the ticks it missed and records how
late it was. It ends at SIGTERM, or when its parent is gone. Anything unexpected kills it: its history then lacks the `end` record,
and proves nothing. Cost, measured on loopback (2 cores): 2 ms of CPU time a request, 0.7 ms late (median), 1.7 ms at worst.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import signal
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from twinkeel.drill.history import MILLISECOND, SECOND, End, HistoryWriter, Probe, Request, Stream
from twinkeel.drill.https import Connection, Target, error_class, verified_context
from twinkeel.drill.watch_stream import LEASES, WatchStream
from twinkeel.errors import ToolError

PERIOD = 10 * MILLISECOND
KEPT_PERIOD = 100 * MILLISECOND
TIMEOUT = 1 * SECOND
REAL_TIME_PRIORITY = 1
PREFERRED_NICE = -15


@dataclass(frozen=True)
class Credentials:
    """Files of a client certificate with its key, or of a token."""

    pem_file: Path | None
    token_file: Path | None


@dataclass
class _Run:
    """One client at work: where it asks, where it records, how many requests it recorded, and whether it must stop."""

    target: Target
    context: ssl.SSLContext
    writer: HistoryWriter
    stop: asyncio.Event
    recorded: int = 0

    def record(self, stream: Stream, start: int, late: int, error: str) -> None:
        self.writer.append(Request(stream, start, time.monotonic_ns(), late, error))
        self.recorded += 1


async def measure(target: Target, history: Path, credentials: Credentials | None = None, period: int = PERIOD) -> None:
    """Ask until SIGTERM or until the parent process is gone. Raises whatever was not foreseen (no room for the history).

    `period` is the time between two new connections, in nanoseconds.
    """
    with HistoryWriter(history) as writer:
        writer.append(Probe(period, KEPT_PERIOD, TIMEOUT, target.url, LEASES if credentials else ""))
        run = _Run(target, verified_context(target.ca_file), writer, asyncio.Event())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, run.stop.set)
        async with asyncio.TaskGroup() as group, _watching(run, credentials):
            group.create_task(_stop_with_parent(run))
            group.create_task(_ask_kept(run))
            async for start, late in _ticks(period, run.stop):
                group.create_task(_ask_new(run, start, late))
        writer.append(End(run.recorded, time.monotonic_ns()))


@contextlib.asynccontextmanager
async def _watching(run: _Run, credentials: Credentials | None) -> AsyncIterator[None]:
    """The watch goes on during the block, and is checked at its end. A watch that broke in an unforeseen way raises there."""
    if credentials is None:
        yield
        return
    context = verified_context(run.target.ca_file)
    if credentials.pem_file:
        context.load_cert_chain(credentials.pem_file)
    token = credentials.token_file.read_text().strip() if credentials.token_file else ""
    watch = WatchStream(run.target, context, token, run.writer.append)
    task = asyncio.create_task(watch.keep())
    yield
    await watch.check()
    if task.done():
        await task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _ticks(period: int, stop: asyncio.Event) -> AsyncIterator[tuple[int, int]]:
    """Pairs of (start, lateness) on a fixed grid, one for each tick that was not missed."""
    due = time.monotonic_ns()
    while not stop.is_set():
        now = time.monotonic_ns()
        if now < due:
            await asyncio.sleep((due - now) / SECOND)
            continue
        yield now, now - due
        due += max(1, -((due - now) // period)) * period


async def _ask_new(run: _Run, start: int, late: int) -> None:
    try:
        async with asyncio.timeout(TIMEOUT / SECOND), Connection.open(run.target, run.context) as connection:
            await connection.get()
    except (OSError, EOFError, ValueError) as error:
        run.record("new", start, late, error_class(error))
    else:
        run.record("new", start, late, "")


async def _ask_kept(run: _Run) -> None:
    ticks = _ticks(KEPT_PERIOD, run.stop)
    pending = await anext(ticks, None)
    while pending is not None:
        start, late = pending
        try:
            async with asyncio.timeout(TIMEOUT / SECOND) as limit, Connection.open(run.target, run.context) as connection:
                while pending is not None:
                    start, late = pending
                    limit.reschedule((start + TIMEOUT) / SECOND)  # The loop's clock is CLOCK_MONOTONIC too.
                    await connection.get()
                    run.record("kept", start, late, "")
                    limit.reschedule(None)
                    pending = await anext(ticks, None)
        except (OSError, EOFError, ValueError) as error:
            run.record("kept", start, late, error_class(error))
            pending = await anext(ticks, None)


async def _stop_with_parent(run: _Run) -> None:
    """A client whose runner was killed must not ask for ever; one that cannot record must not seem to measure."""
    parent = os.getppid()
    while not run.stop.is_set() and os.getppid() == parent:
        if run.writer.trouble is not None:
            raise run.writer.trouble
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(run.stop.wait(), timeout=1)
    run.stop.set()


def _prefer_this_process() -> None:
    """Ask to run before everything else: the client stands for machines that do not share the lab's processors.

    It needs a fifth of one processor, so real-time scheduling cannot starve the others. Where it is refused, a nice level must do.
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
    parser.add_argument("--status", type=int, default=200, help="what /readyz must answer; 0: anything")
    parser.add_argument("--pem-file", type=Path, help="a client certificate with its key, for the watch")
    parser.add_argument("--token-file", type=Path, help="a token, for the watch")
    return parser.parse_args()


def main() -> None:
    """The process's start: parse, prefer, measure."""
    given = _arguments()
    _prefer_this_process()
    credentials = Credentials(given.pem_file, given.token_file) if given.pem_file or given.token_file else None
    try:
        target = Target(given.address, given.port, given.server_name, given.ca_file, status=given.status or None)
        asyncio.run(measure(target, given.history, credentials, given.period_ms * MILLISECOND))
    except ToolError as error:
        # Its log's last line is what the runner tells.
        raise SystemExit(error.what) from None


if __name__ == "__main__":
    main()
