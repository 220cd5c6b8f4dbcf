"""How a spec's load balancers announce the virtual IPs."""

from twinkeel.spec.failover_defaults import bfd_interval
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.software_versions import numbers
from twinkeel.topology.model import Bfd, Bgp, BgpRouter


def build_bgp(spec: ClusterSpec) -> Bgp | None:
    """None where load balancers hold the virtual IPs by VRRP."""
    asked = spec.endpoint.bgp
    if spec.endpoint.mode != "bgp" or asked is None:
        return None
    return Bgp(
        asn=asked.asn,
        routers=tuple(BgpRouter(router.address, router.asn, router.hops) for router in asked.routers),
        authentication=asked.authentication,
        hold_time=asked.hold_time,
        bfd=Bfd(bfd_interval(asked.bfd, spec.failover), asked.bfd.multiplier) if asked.bfd else None,
        communities=tuple(asked.communities),
        return_delay=asked.return_delay,
        version=numbers(spec.frr.version),
    )
