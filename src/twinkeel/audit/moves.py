"""How an address moves from a holder to a backup when a check fails, or when the holder is silent. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from twinkeel.audit.effective import OWNER, full_priority
from twinkeel.audit.partners import Member
from twinkeel.audit.takeover import heard_interval, master_down, priority, skew
from twinkeel.liveconfig.keepalived.model import Instance, Tracker
from twinkeel.vrrp import Range


@dataclass(frozen=True, slots=True)
class Noticed:
    """A tracker that notices the fault, and how long after it."""

    tracker: Tracker
    after: Range
    stops: bool = False
    """The script stops Keepalived, which then resigns, whatever the weight."""


def holdings(one: Member, other: Member) -> Iterator[tuple[Member, Member]]:
    """Who may hold the address, and who is then its backup: the higher priority, unless the lower one may keep it."""
    for holder, backup in ((one, other), (other, one)):
        ours, theirs = full_priority(holder.instance), full_priority(backup.instance)
        if ours >= theirs or backup.instance.nopreempt:
            yield holder, backup


def after_silence(holder: Instance, backup: Instance) -> Range:
    """From the holder's loss to the takeover: its last advertisement was sent up to one interval before."""
    heard = heard_interval(backup, holder)
    longest = master_down(backup, full_priority(backup), heard)
    return Range(max(longest - heard, 0.0), longest)


def after_resignation(holder: Instance, backup: Instance) -> Range:
    """From an advertisement with priority 0 to the takeover."""
    time = skew(backup, full_priority(backup), heard_interval(backup, holder))
    return Range(time, time)


def move_after(noticed: list[Noticed], holder: Instance, backup: Instance) -> Range | None:
    """From the fault to the takeover; None when nothing moves.

    A tracker without weight puts the holder into FAULT: it resigns, as it does when a script stops Keepalived. Weights add up,
    and move the address once the holder's priority is below the backup's: then the backup discards what it hears and waits for
    its timer, and for preempt_delay.
    """
    fatal = [each.after for each in noticed if each.stops or not each.tracker.weight]
    moves = [first + after_resignation(holder, backup) for first in sorted(fatal, key=lambda time: time.high)[:1]]
    weighted = sorted((each for each in noticed if each.tracker.weight and not each.stops), key=lambda each: each.after.high)
    if priority(holder) != OWNER and not backup.nopreempt:
        for count in range(1, len(weighted) + 1):
            if _left(holder, weighted[:count]) < full_priority(backup):
                delay = Range(backup.preempt_delay, backup.preempt_delay)
                moves.append(weighted[count - 1].after + after_silence(holder, backup) + delay)
                break
    return min(moves, key=lambda time: time.high, default=None)


def _left(holder: Instance, failed: list[Noticed]) -> int:
    """The holder's priority when these have failed: a bonus is lost, a penalty is counted."""
    return max(full_priority(holder) - sum(abs(each.tracker.weight) for each in failed), 1)
