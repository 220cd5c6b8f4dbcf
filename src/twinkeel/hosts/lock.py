"""One run that changes load balancers at a time: a lock on each of them, with who holds it and since when.

The lock is a file in /run, so a load balancer that lost its power has none afterwards; the others still do. A host changes its
lock file under flock(1) only: of two runs that find a stale lock, one takes it over.
"""

import asyncio
import getpass
import json
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Writer
from twinkeel.support.process_start import process_start
from twinkeel.topology.model import Machine

LOCK_FILE = "/run/twinkeel/lock"
OLD_AFTER = 30 * 60  # Seconds. The longest step is a package installation.
LONG_COMMANDS = ("twinkeel bench", "twinkeel drill", "twinkeel tune")
MINUTE = 60

# $1 lock file, $2 what it must hold now (empty: it must not exist), $3 what it shall hold (empty: it is removed).
# Prints what it holds and ends with 1 when it is not as it must be.
_EXCHANGE = """
mkdir -p "${1%/*}" && exec 9>"$1.guard" && flock 9 || exit 2
now=$(cat "$1" 2>/dev/null)
[ "$now" = "$2" ] || { printf '%s\\n' "$now"; exit 1; }
if [ -n "$3" ]; then printf '%s\\n' "$3" > "$1.new" && mv "$1.new" "$1"; else rm -f "$1"; fi || exit 2
"""


class LockedError(HostError):
    """Another run holds the lock of a load balancer."""


@dataclass(frozen=True)
class LockOwner:
    """Who holds a lock. `place` tells this machine's processes from others', `process_start` a reused process id."""

    owner: str
    pid: int
    process_start: str
    place: str
    command: str
    since: str
    token: str

    def text(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> "LockOwner | None":
        """The owner that a lock file names; None when nothing of ours wrote it."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def age(self, now: datetime) -> float:
        """Seconds since it was taken, by both machines' clocks."""
        return (now - datetime.fromisoformat(self.since)).total_seconds()

    def is_dead(self) -> bool:
        """Whether it was taken by a process of this machine that is gone."""
        return self.place == _place() and process_start(self.pid) != self.process_start


def this_process(command: str) -> LockOwner:
    """This run as the owner of a lock."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return LockOwner(owner(), os.getpid(), process_start(os.getpid()), _place(), command, since, secrets.token_hex(8))


def owner() -> str:
    """user@host of this process."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def _place() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    known = boot.read_text().strip() if boot.exists() else ""
    spaces = os.readlink("/proc/self/ns/pid") if Path("/proc/self/ns/pid").exists() else ""
    return f"{socket.gethostname()} {known} {spaces}"


@asynccontextmanager
async def cluster_lock(
    writer: Writer,
    machines: Sequence[Machine],
    command: str,
    note: Callable[[str], None],
    *,
    break_lock: bool = False,
    held: bool = False,
    skip_unreachable: bool = False,
) -> AsyncIterator[None]:
    """Hold the lock of every machine while the body runs; released also after an error or Ctrl-C.

    The first machine's lock is taken first: it decides between two runs.

    Args:
        note: is told when a dead run's lock is taken over, and which machine is left out.
        break_lock: take locks over whoever holds them.
        held: this run holds the lock already, and goes on holding it afterwards (a bench that applies).
        skip_unreachable: leave machines out that cannot be locked (a drill's fault that is to be healed may be why).

    Raises:
        LockedError: another run holds one; nothing is held then.
        HostError: a machine cannot be reached.
    """
    if held:
        yield
        return
    mine, skipped = this_process(command), set[str]()

    async def take(machine: Machine) -> None:
        try:
            await _take(writer, machine, mine, note, break_lock)
        except HostError as error:
            if isinstance(error, LockedError) or not skip_unreachable:
                raise
            skipped.add(machine.name)
            note(f"{machine.name}: its lock is not held, and the work goes on without: {error.what}")

    first, *others = sorted(machines, key=lambda machine: machine.name)
    try:
        await take(first)
        # All are waited for: a lock that was still being taken when this ends would stay.
        taken = await asyncio.gather(*(take(each) for each in others), return_exceptions=True)
        for answer in taken:
            if answer is not None:
                raise answer
        yield
    finally:
        held_here = [machine for machine in machines if machine.name not in skipped]
        await asyncio.shield(asyncio.gather(*(_release(writer, machine, mine) for machine in held_here)))


def lock_taken(argv: Sequence[str]) -> bool | None:
    """Whether a command takes a lock (True) or releases one (False); None: it is about something else."""
    return bool(argv[-1]) if tuple(argv[:-2]) == _exchange("", "")[:-2] else None


async def _take(writer: Writer, machine: Machine, mine: LockOwner, note: Callable[[str], None], break_lock: bool) -> None:
    expected = ""
    while True:
        done = await writer.change(machine, _exchange(expected, mine.text()))
        if done.exit_code == 0:
            return
        if done.exit_code != 1:
            done.checked(f"the lock {LOCK_FILE} could not be written there")
        found = done.stdout.strip()
        holder = LockOwner.parse(found)
        refusal = _refusal(machine, holder, found, break_lock)
        if refusal is not None:
            raise refusal
        if holder is not None:
            ended = "a run that broke off" if holder.is_dead() else f"{holder.owner} (--break-lock)"
            note(f"{machine.name}: took over the lock of {ended}: {holder.command}, since {holder.since}")
        expected = found


def _refusal(machine: Machine, holder: LockOwner | None, found: str, break_lock: bool) -> LockedError | None:
    """Why the lock may not be taken over; None when it may."""
    if not found or break_lock or (holder is not None and holder.is_dead()):
        return None
    where = f"{machine.name}:{LOCK_FILE}"
    if holder is None:
        return LockedError("a lock that is not Twinkeel's is in the way", where=where, hint="look at it, or use --break-lock")
    age = holder.age(datetime.now(UTC))
    who = f"{holder.owner} (process {holder.pid}) runs `{holder.command}` since {holder.since}, {age / MINUTE:.0f} min ago"
    if holder.command.startswith(LONG_COMMANDS):
        hint = "wait until it is done: it may take hours; if that run is dead, use --break-lock"
    elif age > OLD_AFTER:
        hint = f"no run takes {OLD_AFTER // MINUTE} minutes: make sure that it is dead, then use --break-lock"
    else:
        hint = "wait until it is done; if that run is dead, use --break-lock"
    return LockedError(f"another run works on these load balancers: {who}", where=where, hint=hint)


async def _release(writer: Writer, machine: Machine, mine: LockOwner) -> None:
    # A host that is gone now has no lock when it comes back from a boot; otherwise the next run sees that this process is dead.
    # A drill may have broken the connection: a second try makes a new one.
    for _ in range(2):
        with suppress(HostError):
            await writer.change(machine, _exchange(mine.text(), ""))
            return


def _exchange(expected: str, wanted: str) -> tuple[str, ...]:
    return ("sh", "-c", _EXCHANGE, "sh", LOCK_FILE, expected, wanted)
