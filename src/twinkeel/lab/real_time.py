"""How much real time the lab's daemons need, in microseconds of each second for each processor. Pure."""

from twinkeel.lab.segments import lab_routers
from twinkeel.topology.model import Topology

VRRP_DAEMON = 100_000
# One end of a BFD session with 10 ms: bfdd of FRR 8.4.4 took 62 to 72 ms of each second, and three sessions on one router 190 to
# 200. The rest is for FRR's other daemons there, and for a machine half as fast.
BFD_SESSION = 150_000


def real_time_wanted(topology: Topology) -> dict[str, int]:
    """What each load balancer and each router needs."""
    names = [balancer.machine.name for balancer in topology.load_balancers]
    if topology.bgp is None:
        return dict.fromkeys(names, VRRP_DAEMON)
    wanted = dict.fromkeys(names, 0)
    for router in lab_routers(topology):
        ends = [
            balancer.machine.name
            for peer in router.peers
            for balancer in topology.load_balancers
            if balancer.machine.address_of(peer.address.version) is not None
        ]
        wanted[router.name] = BFD_SESSION * len(ends)
        for name in ends:
            wanted[name] += BFD_SESSION
    return wanted
