"""Whether load balancers hear each other over VRRP: those that do not would hold one virtual IP at the same time."""

from collections.abc import Mapping

from twinkeel.observe.balancer_state import BalancerState, vrrp_lines
from twinkeel.observe.vrrp_authentication import authentication_of
from twinkeel.topology.model import LoadBalancer


def vrrp_incompatible_after_change(balancer: LoadBalancer, candidate: str, holder: BalancerState) -> bool:
    """Whether a load balancer that runs with the candidate keepalived.conf and a holder that does not yet cannot hear each other.

    It would take the virtual IP while the holder still has it.
    """
    signed = authentication_of(candidate).understands(holder.authentication)
    return vrrp_lines(candidate) != holder.vrrp or not signed or _is_unknown(balancer, holder)


def vrrp_incompatible_now(balancer: LoadBalancer, found: BalancerState, observed: Mapping[str, BalancerState]) -> bool:
    """Whether some other load balancer holds a virtual IP, and this one would not hear it with the files that both have now."""
    holders = (each for each in observed.values() if each.holds and each.name != found.name)
    return any(
        each.vrrp != found.vrrp or not each.authentication.understands(found.authentication) or _is_unknown(balancer, each)
        for each in holders
    )


def _is_unknown(balancer: LoadBalancer, holder: BalancerState) -> bool:
    return any(not instance.multicast and str(instance.source) not in holder.known for instance in balancer.instances)
