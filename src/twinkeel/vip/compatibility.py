"""Whether load balancers hear each other: those that do not would hold one virtual IP at the same time."""

from collections.abc import Mapping

from twinkeel.topology.model import LoadBalancer
from twinkeel.vip.backend import VipBackend
from twinkeel.vip.balancer_state import BalancerState


def incompatible_after_change(backend: VipBackend, balancer: LoadBalancer, candidate: str, holder: BalancerState) -> bool:
    """Whether a load balancer that runs with the candidate file and a holder that does not yet cannot hear each other.

    It would take the virtual IP while the holder still has it.
    """
    return not backend.understands(balancer, backend.read(candidate), holder.settings)


def incompatible_now(
    backend: VipBackend, balancer: LoadBalancer, found: BalancerState, observed: Mapping[str, BalancerState]
) -> bool:
    """Whether some other load balancer holds a virtual IP, and this one would not hear it with the files that both have now."""
    holders = (each for each in observed.values() if each.holds and each.name != found.name)
    return any(not backend.understands(balancer, found.settings, each.settings) for each in holders)
