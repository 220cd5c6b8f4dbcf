"""Which profile a pair's timers are nearest to, and what differs from it. Pure."""

from collections.abc import Mapping
from typing import Any

from twinkeel.adopt.draft import Draft
from twinkeel.spec.failover_defaults import SHORTEST_V2_INTERVAL, TIMERS, advert_interval
from twinkeel.spec.model import Failover


def write_timers(draft: Draft, timers: Mapping[str, float]) -> None:
    """`failover.profile` and every timer that is not the profile's; what a spec cannot say stays out, and is told of later."""
    given = {name: value for name, value in timers.items() if _sayable(name, value)}
    version = draft.values.get("failover", {}).get("vrrp_version", 3)
    usual = {profile: _usual(profile, version) for profile in TIMERS}
    if draft.ours:
        profile = max(usual, key=lambda each: sum(usual[each][name] == value for name, value in given.items()))
    else:
        # Nothing is known of the machines: whoever advertises by the second does not count on quick answers.
        profile = "steady" if given.get("advert_interval", 1.0) >= SHORTEST_V2_INTERVAL else "fast"
    if profile != Failover.model_fields["profile"].default:
        draft.set("failover", "profile", value=profile)
    for name, value in given.items():
        if usual[profile][name] != value:
            draft.set("failover", name, value=value)


def _usual(profile: str, version: int) -> dict[str, Any]:
    interval = advert_interval(Failover.model_validate({"profile": profile, "vrrp_version": version}))
    return {**TIMERS[profile], "advert_interval": max(interval, SHORTEST_V2_INTERVAL) if version == 2 else interval}


def _sayable(name: str, value: float) -> bool:
    """Whether the model takes the value for this key."""
    try:
        Failover.model_validate({name: value})
    except ValueError:
        return False
    return True
