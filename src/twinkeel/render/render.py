"""From the topology to every file of the system."""

from operator import attrgetter

from twinkeel.render.files import RenderedFile, RenderedFiles
from twinkeel.render.haproxy import Trust, render_haproxy
from twinkeel.render.keepalived import render_keepalived
from twinkeel.render.kubespray import render_kubespray
from twinkeel.render.systemd import render_systemd
from twinkeel.topology.model import LoadBalancer, Topology


def render(topology: Topology, trust: Trust = "verified") -> RenderedFiles:
    """Every file, sorted by path; the same topology gives the same bytes.

    `trust` is "verified" once the cluster's certificate authority is known to the load balancers, "bootstrap" before.
    """
    return RenderedFiles(
        hosts={balancer.machine.name: _host_files(topology, balancer, trust) for balancer in topology.load_balancers},
        kubespray=tuple(sorted(render_kubespray(topology), key=attrgetter("path"))),
    )


def _host_files(topology: Topology, balancer: LoadBalancer, trust: Trust) -> tuple[RenderedFile, ...]:
    rendered = (render_haproxy(topology, balancer, trust), render_keepalived(topology, balancer), *render_systemd(topology))
    return tuple(sorted(rendered, key=attrgetter("path")))
