"""What a client will see of each fault, before any host is asked. Pure.

The arithmetic of load balancers is their mechanism's own: `failure_times` in its folder. It is had without the rest of the
backend, which reaches hosts: `twinkeel explain` is spared loading that.
"""

from twinkeel.faults.prediction import Prediction
from twinkeel.topology.model import Topology
from twinkeel.vip.api_server_failures import api_server_failures
from twinkeel.vip.bgp import failure_times as bgp
from twinkeel.vip.keepalived import failure_times as vrrp


def predict(topology: Topology) -> tuple[Prediction, ...]:
    """One prediction per fault, from the best virtual IP and holder to the worst.

    Where nothing can take over `downtime` is None: it lasts until the broken part is back.
    """
    load_balancers = vrrp.failure_times(topology) if topology.bgp is None else bgp.failure_times(topology, topology.bgp)
    return (*load_balancers, *api_server_failures(topology))
