"""VRRP's timers on instances of a live configuration. Pure."""

from twinkeel import vrrp
from twinkeel.liveconfig.keepalived.model import Instance

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


def heard_interval(instance: Instance, holder: Instance) -> float:
    """The interval that it counts with while it hears this holder: in version 3 the holder's (RFC 9568, 6.4.2), else its own."""
    return interval(holder if instance.version == holder.version == 3 else instance)


def skew(instance: Instance, effective: int | None = None, heard: float | None = None) -> float:
    """Its skew in seconds, with another priority or another interval where one is given."""
    return vrrp.skew(effective or priority(instance), heard or interval(instance), instance.version)


def master_down(instance: Instance, effective: int | None = None, heard: float | None = None) -> float:
    """How long it waits after an advertisement before it takes over; of a holder with another interval where one is given."""
    return instance.down_timer_adverts * (heard or interval(instance)) + skew(instance, effective, heard)
