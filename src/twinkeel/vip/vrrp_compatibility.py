"""Whether load balancers hear each other over VRRP: those that do not would hold one virtual IP at the same time.

Nor may one be too impatient: it takes the virtual IP when it has heard nothing for three of its own intervals, and with VRRP
version 3 it learns a holder's longer interval only from the next advertisement.
"""

from collections.abc import Mapping, Sequence

from twinkeel.observe.balancer_state import BalancerState, advert_intervals, vrrp_lines
from twinkeel.topology.model import LoadBalancer
from twinkeel.vrrp import DOWN_TIMER_ADVERTS


def vrrp_incompatible_after_change(balancer: LoadBalancer, candidate: str, holder: BalancerState) -> bool:
    """Whether a load balancer that runs with the candidate keepalived.conf and a holder that does not yet cannot hear each other,
    or not soon enough.

    It would take the virtual IP while the holder still has it.
    """
    impatient = _is_impatient(advert_intervals(candidate), holder.intervals)
    return vrrp_lines(candidate) != holder.vrrp or impatient or _is_unknown(balancer, holder)


def vrrp_incompatible_now(balancer: LoadBalancer, found: BalancerState, observed: Mapping[str, BalancerState]) -> bool:
    """Whether some other load balancer holds a virtual IP, and this one would not hear it with the files that both have now."""
    holders = (each for each in observed.values() if each.holds and each.name != found.name)
    return any(
        each.vrrp != found.vrrp or _is_impatient(found.intervals, each.intervals) or _is_unknown(balancer, each) for each in holders
    )


def _is_impatient(own: Sequence[float], holders: Sequence[float]) -> bool:
    """Whether its timer can run out between two of the holder's advertisements, nopreempt or not (seen with 2.2.7 to 2.3.4)."""
    return DOWN_TIMER_ADVERTS * min(own, default=1.0) <= max(holders, default=0.0)


def _is_unknown(balancer: LoadBalancer, holder: BalancerState) -> bool:
    return any(not instance.multicast and str(instance.source) not in holder.known for instance in balancer.instances)
