"""What `twinkeel tune` found in words, for a terminal and for its page. Pure."""

from collections.abc import Iterator

from twinkeel.tune.evaluate import Choice, Tuning
from twinkeel.vip.daemons import VRRP_DAEMON
from twinkeel.vrrp import Range

HEADINGS = ("advert_interval, s", "loss of power", "may be late", "too late", "likely", "at most (95 %)", "proven (95 %)", "")
# Nobody can say from minutes what comes once in a century.
RAREST_YEARS = 100
# From this rate (a year) on it is told by a longer unit's count: (limit, how many of the unit are in a year, unit).
UNITS = (
    (24.0, 1.0, "a year"),
    (730.0, 12.0, "a month"),
    (17520.0, 365.25, "a day"),
    (1e6, 8766.0, "an hour"),
    (float("inf"), 525960.0, "a minute"),
)


def how_often(a_year: float | None) -> str:
    """A rate as a person says it: `1 in 40 years`, `3 a day`."""
    if a_year is None:
        return "unknown"
    if a_year < 1 / RAREST_YEARS:
        return f"< 1 in {RAREST_YEARS} years"
    if a_year < 1:
        return f"1 in {_short(1 / a_year)} years"
    per, unit = next((per, unit) for limit, per, unit in UNITS if a_year < limit)
    return f"{_short(a_year / per)} {unit}"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def time(seconds: float) -> str:
    """Milliseconds; of less than ten a digit more, since delays are short."""
    ms = seconds * 1000
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.2f} ms" if ms < 1 else f"{ms:.1f} ms"


def _span(range_: Range) -> str:
    return f"{range_.low * 1000:.0f} to {range_.high * 1000:.0f} ms"


def cells(choice: Choice, tuning: Tuning) -> tuple[str, ...]:
    """One cell for each of `HEADINGS`."""
    marks = [name for name, marked in (("in force", tuning.current), ("recommended", tuning.recommended)) if choice == marked]
    rates = (how_often(rate) for rate in (choice.estimate, choice.bound, choice.proven))
    return (f"{choice.interval:g}", _span(choice.takeover), time(choice.allowed), str(choice.seen), *rates, ", ".join(marks))


def measured(tuning: Tuning) -> Iterator[str]:
    """What was measured, a line each."""
    for each in tuning.directions:
        delays = each.delays
        who = f"{delays.phase}: {delays.sender} to {delays.receiver} ({delays.source})"
        longest = f"longest delay {time(delays.longest)}, {time(delays.longest_sent_late)} of it before it was sent"
        alone = f" (it sticks out: the tenth is {time(each.tail.over)})" if each.tail and each.tail.irregular else ""
        yield f"{who}: {delays.seconds:.0f} s, {delays.lost} of {delays.sent} lost, {longest}{alone}"
    for host in tuning.hosts:
        taken = f"processors {host.busy:.0%} busy, {host.stolen:.1%} of their time taken by the hypervisor"
        yield f"{host.phase}: {host.host}: {host.scheduling}, {taken}"
        if host.vrrp_daemon and not any(each.startswith("real-time") for each in host.vrrp_daemon):
            instead = ", ".join(host.vrrp_daemon)
            yield f"{host.host}: its {VRRP_DAEMON.name} has no real-time priority ({instead}): measured like that"
        elif not host.scheduling.startswith("real-time"):
            yield f"{host.host}: real-time priority is refused here, to {VRRP_DAEMON.name} as well: this makes delays longer"
    for heard in tuning.advertisements:
        who = f"{VRRP_DAEMON.name}'s own advertisements, {heard.sender} to {heard.receiver}, VRID {heard.vrid}"
        yield f"{who}: {heard.count}, the latest by {time(max(heard.longest_late, 0.0))}"
    yield from _moved(tuning)


def _moved(tuning: Tuning) -> Iterator[str]:
    """One holder advertises; two in one measurement mean a move."""
    for vrid in dict.fromkeys(heard.vrid for heard in tuning.advertisements):
        senders = list(dict.fromkeys(heard.sender for heard in tuning.advertisements if heard.vrid == vrid))
        if len(senders) > 1:
            who = " and ".join(senders)
            yield f"{who} both sent advertisements for VRID {vrid}: the virtual IP moved meanwhile (see their journals)"


def explained(tuning: Tuning) -> str:
    """What the columns of the table mean."""
    loaded = "" if len(tuning.recording.header.phases) > 1 else " They were not made busy: under load they may be slower (--load)."
    return (
        f"A backup takes over when an advertisement is later than it may be. Too late: packets of these {tuning.seconds:.0f} s that"
        " were. Likely, at most: the longest delays, continued; this holds if they go on as in these minutes. Proven: what counting"
        " alone excludes, whatever delays are like. What did not happen meanwhile (a live migration, a backup, a snapshot) is in"
        f" none of them.{loaded}"
    )


def answer(tuning: Tuning) -> str:
    """The answer in a sentence or two."""
    current, recommended = tuning.current, tuning.recommended
    wished = f"at most {tuning.wished:g} false failover{'' if tuning.wished == 1 else 's'} a year (95 %)"
    if recommended is None:
        if any(each.tail is None for each in tuning.directions):
            return "No recommendation: too little was measured to say what follows. Measure longer (--duration)."
        return f"No recommendation: no interval has {wished}. See what delays these machines for so long."
    words = "as recommended for"
    if current.interval != recommended.interval:
        words = f"{'shorter' if tuning.too_short else 'longer'} than the {recommended.interval:g} s recommended for"
    return f"In force is {current.interval:g} s, {words} {wished}."
