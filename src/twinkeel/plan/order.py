"""In which order load balancers are worked on."""

from collections.abc import Mapping, Sequence

from twinkeel.vip.balancer_state import BalancerState


def batches(order: Sequence[str], observed: Mapping[str, BalancerState]) -> tuple[tuple[str, ...], ...]:
    """Who is worked on together: a first one alone, then the other standbys at once, then each holder by itself.

    `order` is the spec's. The canary is a standby that can take over; else a standby; else the holder with the fewest virtual IPs.
    """
    standbys = sorted((name for name in order if not observed[name].holds), key=lambda name: not observed[name].may_take_over)
    holders = sorted((name for name in order if observed[name].holds), key=lambda name: len(observed[name].holds))
    if not standbys:
        return tuple((name,) for name in holders)
    return tuple(batch for batch in (tuple(standbys[:1]), tuple(standbys[1:]), *((name,) for name in holders)) if batch)
