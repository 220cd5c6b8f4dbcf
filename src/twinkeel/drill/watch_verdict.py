"""What became of the watch stream in a trial: from its events alone. Pure."""

from dataclasses import dataclass

from twinkeel.drill.history import MILLISECOND, Event, History


@dataclass(frozen=True)
class WatchVerdict:
    """Times in milliseconds.

    `blind_ms` is how long the watch may have told nothing: from the fault, or its last sign of life after that, until it was
    established again; the longest, if it broke more than once. It is an upper bound, and holds the second after which the client
    looks for a sign of life. `reconnect_ms` counts from when the client noticed. Both None when it never broke.
    `missed` counts changes that it was not told of; None when that could not be found out. `listed_again`: the API could not go on
    from the last version. `up_before`, `up_after`: whether it was established when the fault came, and at the end.
    """

    blind_ms: float | None
    reconnect_ms: float | None
    reported: int | None
    missed: int | None
    listed_again: bool
    up_before: bool
    up_after: bool


def watch_verdict(history: History) -> WatchVerdict | None:
    """None when there was no watch stream, or no fault."""
    fault = history.event("fault")
    if fault is None or history.probe is None or not history.probe.watch:
        return None
    turns = [event for event in history.events if event.name in ("watch-up", "watch-down")]
    before = [event for event in turns if event.at < fault.at]
    blind, reconnect, down = [], [], None
    for event in turns[len(before) :]:
        if event.name == "watch-down":
            down = event
        elif down is not None:
            blind.append(_ms(event.at - max(fault.at, _heard(down))))
            reconnect.append(_ms(event.at - down.at))
            down = None
    return WatchVerdict(
        blind_ms=max(blind, default=None),
        reconnect_ms=max(reconnect, default=None),
        reported=history.value("watch-checked", "told"),
        missed=history.value("watch-checked", "missed"),
        listed_again=any(event.name == "watch-gone" and event.at > fault.at for event in history.events),
        up_before=bool(before) and before[-1].name == "watch-up",
        up_after=bool(turns) and turns[-1].name == "watch-up",
    )


def _heard(down: Event) -> int:
    heard = down.data.get("heard")
    return heard if isinstance(heard, int) else down.at


def _ms(nanoseconds: int) -> float:
    return round(nanoseconds / MILLISECOND, 1)
