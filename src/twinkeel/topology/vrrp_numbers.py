"""VRIDs and priorities: derived from the spec alone, so that adding a virtual IP or a load balancer renumbers no other."""

import hashlib
from collections.abc import Sequence

from twinkeel.spec.model import VirtualIp

# Priorities close to the top on *every* load balancer: the skew, and with it each planned move of the virtual IP, is
# (256 - priority) * advert_interval / 256 s (RFC 9568, section 6.1). 255 is kept for an address owner (section 5.2.4).
TOP_PRIORITY = 254

# 1 and 51 are what other people's examples use (0 is not valid), so a router of theirs may sit on the same segment.
USABLE_VRIDS = tuple(vrid for vrid in range(2, 256) if vrid != 51)


def virtual_router_ids(cluster: str, vips: Sequence[VirtualIp]) -> tuple[int, ...]:
    """A VRID (2..255, never 51) for each virtual IP: the one that it is given, or one that its address decides.

    Two that would be the same are told apart in the order of the spec, so one that is added at the end changes no other.
    """
    taken = {vip.vrid for vip in vips if vip.vrid is not None}
    found = []
    for vip in vips:
        vrid = vip.vrid if vip.vrid is not None else _free(cluster, vip, taken)
        taken.add(vrid)
        found.append(vrid)
    return tuple(found)


def _free(cluster: str, vip: VirtualIp, taken: set[int]) -> int:
    digest = hashlib.sha256(f"{cluster} {vip.address.ip}".encode()).digest()
    start = int.from_bytes(digest[:8], "big") % len(USABLE_VRIDS)
    after = (USABLE_VRIDS[(start + step) % len(USABLE_VRIDS)] for step in range(len(USABLE_VRIDS)))
    return next(vrid for vrid in after if vrid not in taken)


def priority(balancer: int, vip: int) -> int:
    """The priority of a load balancer for a virtual IP; both are counted from 0, a virtual IP among those of its kind.

    254 less the exclusive or of the two numbers: different on every load balancer, highest on load balancer N for virtual IP N,
    shared out among the survivors when one is lost, and the same however many others there are.
    """
    return TOP_PRIORITY - (balancer ^ vip)
