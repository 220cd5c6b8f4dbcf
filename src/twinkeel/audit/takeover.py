"""VRRP's timers on instances of a live configuration. Pure."""

from twinkeel import vrrp
from twinkeel.liveconfig.keepalived_model import Instance

_LONGEST = {2: 255.0, 3: 40.95}


def interval(instance: Instance) -> float:
    """Seconds between its advertisements, as Keepalived runs it: whole ones in version 2, and within the protocol's limits."""
    asked = instance.advert_int
    if instance.version == 2:
        asked = max(round(asked), 1)
    return min(max(asked, 0.01), _LONGEST[instance.version])


def priority(instance: Instance) -> int:
    """Its priority as Keepalived runs it."""
    return instance.priority if 1 <= instance.priority <= 255 else 100


def skew(instance: Instance, effective: int | None = None) -> float:
    """Its skew in seconds, with another priority where one is given."""
    return vrrp.skew(effective or priority(instance), interval(instance), instance.version)


def master_down(instance: Instance, effective: int | None = None) -> float:
    """How long it waits after an advertisement before it takes over."""
    return instance.down_timer_adverts * interval(instance) + skew(instance, effective)
