"""VRRP and health-check arithmetic: pure functions. All times are in seconds.

Sources: RFC 9568 (VRRP version 3, section 6.1 for the timers, 6.4 for what happens in each state), RFC 3768 (version 2),
HAProxy's configuration manual for `inter`, `fastinter` and `fall`.
"""

from dataclasses import dataclass

DOWN_TIMER_ADVERTS = 3
"""How many advertisements must be missed (RFC 9568, section 6.1: 3 * Active_Adver_Interval)."""


@dataclass(frozen=True)
class Range:
    """From the best to the worst case, in seconds."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse a range that runs backwards."""
        if not 0 <= self.low <= self.high:
            raise ValueError(f"not a range: {self.low}..{self.high}")

    def __add__(self, other: "Range") -> "Range":
        """One thing after the other."""
        return Range(self.low + other.low, self.high + other.high)


def skew(priority: int, advert_interval: float, version: int = 3) -> float:
    """How long a router of this priority waits beyond the common timer, so that the highest priority goes first.

    Version 3: (256 - priority) * advert_interval / 256 (RFC 9568, section 6.1, Skew_Time).
    Version 2: (256 - priority) / 256, whatever the interval (RFC 3768, section 6.1).
    """
    _check(priority, advert_interval, version)
    return (256 - priority) / 256 * (advert_interval if version == 3 else 1.0)


def master_down(priority: int, advert_interval: float, version: int = 3, down_timer_adverts: int = DOWN_TIMER_ADVERTS) -> float:
    """How long a backup of this priority waits after an advertisement before it takes over.

    down_timer_adverts * advert_interval + skew (RFC 9568, section 6.1, Active_Down_Interval; RFC 3768, section 6.1).
    """
    return down_timer_adverts * advert_interval + skew(priority, advert_interval, version)


def takeover_after_silence(priority: int, advert_interval: float, version: int = 3) -> Range:
    """From the loss of the holder (power, link, crash of the daemon) to the backup's takeover.

    The holder's last advertisement was sent up to one interval before it was lost, and that part of the timer has run
    (RFC 9568, section 6.4.2: an advertisement resets Active_Down_Timer).
    """
    longest = master_down(priority, advert_interval, version)
    return Range(longest - advert_interval, longest)


def takeover_after_resignation(priority: int, advert_interval: float, version: int = 3) -> Range:
    """From the holder's priority-0 advertisement to the backup's takeover: the skew alone.

    RFC 9568, section 6.4.2: on priority 0 a backup sets its timer to Skew_Time. A daemon sends it when it stops, and
    when a tracker without weight fails.
    """
    time = skew(priority, advert_interval, version)
    return Range(time, time)


def yielding(advert_interval: float) -> Range:
    """How long two holders are two after they hear each other again: until the one with the higher priority advertises next.

    RFC 9568, section 6.4.3: an active router that hears a higher priority becomes a backup. From nothing to one interval.
    """
    return Range(0.0, advert_interval)


def server_detection(interval: float, fast_interval: float, fall: int, answer_time: float) -> Range:
    """From a server's fault to HAProxy marking it down.

    Args:
        interval: `inter`, between checks of a healthy server.
        fast_interval: `fastinter`, between checks once one failed.
        fall: how many checks in a row must fail.
        answer_time: how long a failing check takes: about 0 for a refused connection, `timeout check` for silence.

    A fault just before a check costs no waiting, one just after it costs a whole interval (HAProxy's manual, 5.2: inter, fall).
    The next check begins `fastinter` after a failed one *ended*: with inter 0.5 s, fastinter 0.25 s, fall 3 and silent servers
    HAProxy 2.6.12 took 2.07 to 2.29 s in ten trials; this gives 2.0 to 2.5 s.
    """
    if fall < 1 or min(interval, fast_interval, answer_time) < 0:
        raise ValueError("checks need fall >= 1 and times that are not negative")
    failing = fall * answer_time + (fall - 1) * fast_interval
    return Range(failing, interval + failing)


def silence_detection(interval: float, deadline: float) -> Range:
    """From HAProxy's hang to its watchdog's decision.

    The last answer came up to one request interval before the hang, and the deadline counts from that answer; the
    decision's own work (asking systemd) is counted as one interval at most.
    """
    return Range(max(deadline - interval, 0.0), deadline + interval)


def _check(priority: int, advert_interval: float, version: int) -> None:
    """The limits of the protocol: RFC 9568, sections 5.2.4 and 5.2.7 (12 bits of hundredths of a second)."""
    if not 1 <= priority <= 255:
        raise ValueError(f"priority {priority} is not between 1 and 255")
    if version not in (2, 3):
        raise ValueError(f"VRRP version {version} does not exist")
    if not 0.01 <= advert_interval <= (40.95 if version == 3 else 255):
        raise ValueError(f"advertisement interval {advert_interval} s is outside the protocol's range")
