"""Requests as fast as they are answered, made by ApacheBench (`ab`), and what it measured.

Why ab: docs/decisions/0009-ab-makes-the-load.md.
"""

import asyncio
import csv
import math
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from twinkeel.errors import ToolError

PROGRAM = "ab"
SPARE_SECONDS = 60.0
# More than any machine answers in the time given: the time is what ends a run.
REQUESTS = 10_000_000
# Of fewer, ab's 99th percentile is made up.
ENOUGH = 100


@dataclass(frozen=True)
class Load:
    """One run: answered requests a second, the time within which 99 of 100 were answered, and those that failed or were no 2xx."""

    per_second: float
    p99_ms: float
    requests: int
    failed: int


def require_generator() -> None:
    """Raises ToolError when this machine has no ab."""
    if shutil.which(PROGRAM) is None:
        raise ToolError("ab (ApacheBench) is not installed", hint="install the Debian package apache2-utils")


async def make_load(url: str, seconds: int, connections: int, *, keep: bool) -> Load:
    """Ask `url` for so many seconds over so many connections at once; a new one for each request unless `keep`.

    No TLS session is ever resumed, and the certificate is not verified (that costs the client, and nobody else).

    Raises:
        ToolError: ab fails, what it says cannot be understood, or half of the requests failed.
    """
    with TemporaryDirectory(prefix="twinkeel-load-") as folder:
        table = Path(folder) / "percentiles.csv"
        argv = [PROGRAM, "-q", "-t", str(seconds), "-n", str(REQUESTS), "-c", str(connections), "-s", "5", "-r"]
        argv += [*(["-k"] if keep else []), "-e", str(table), url]
        complaints = Path(folder) / "complaints"
        with complaints.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(*argv, stdin=DEVNULL, stdout=PIPE, stderr=errors)
        try:
            output, _ = await asyncio.wait_for(process.communicate(), seconds + SPARE_SECONDS)
        except TimeoutError:
            raise ToolError(
                f"ab did not end {SPARE_SECONDS:g} s after its time", where=url, hint="look at the load balancers"
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0 or not table.is_file():
            last = (complaints.read_text(errors="replace").strip().splitlines() or ["nothing"])[-1]
            raise ToolError(f"ab ended with {process.returncode}: {last}", where=url, hint="look at `twinkeel status`")
        load = parse(output.decode(errors="replace"), table.read_text(encoding="utf-8"))
        # A connection that is refused counts as two requests and one failure.
        if 2 * load.failed >= load.requests:
            raise ToolError("half of the requests at least were not answered well", where=url, hint="look at `twinkeel status`")
        return load


def parse(text: str, percentiles: str) -> Load:
    """What ab's report and its table of percentiles say. Raises ToolError when a figure is missing."""
    rows = {row[0]: row[1] for row in csv.reader(percentiles.splitlines()) if len(row) == 2}
    try:
        p99 = float(rows["99"])
        rate = _figure(text, r"Requests per second:\s+([\d.]+)")
        requests = _figure(text, r"Complete requests:\s+(\d+)")
        failed = _figure(text, r"Failed requests:\s+(\d+)")
    except (KeyError, ValueError) as error:
        raise ToolError("ab's report cannot be understood", hint="its version may be too new: report this") from error
    # Requests that got another answer than 2xx are told only when there are any.
    other = re.search(r"Non-2xx responses:\s+(\d+)", text)
    if requests < ENOUGH:
        raise ToolError(f"{requests:g} requests are too few for a 99th percentile", hint="give more time with --seconds")
    return Load(rate, p99, math.floor(requests), math.floor(failed) + (int(other[1]) if other else 0))


def _figure(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(pattern)
    return float(found[1])
