"""From the topology to every file of the system."""

from operator import attrgetter

from twinkeel.render.announce import render_announce
from twinkeel.render.constraints import require_renderable
from twinkeel.render.files import RenderedFile, RenderedFiles
from twinkeel.render.firewall import render_firewall
from twinkeel.render.frr import render_frr
from twinkeel.render.haproxy import Trust, render_haproxy
from twinkeel.render.keepalived import render_keepalived
from twinkeel.render.kubespray import render_kubespray
from twinkeel.render.monitoring import render_monitoring
from twinkeel.render.pass_on import render_pass_on
from twinkeel.render.second_chance import render_second_chance
from twinkeel.render.systemd import render_systemd
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import LoadBalancer, Topology


def render(topology: Topology, trust: Trust = "verified", secrets: Secrets | None = None) -> RenderedFiles:
    """Every file, sorted by path; the same topology and secrets give the same bytes.

    `trust` is "verified" once the cluster's certificate authority is known to the load balancers, "bootstrap" before.
    Raises SpecError when the spec's versions of the daemons cannot do what it asks for, or a password is missing.
    """
    given = secrets or Secrets()
    require_renderable(topology, given)
    return RenderedFiles(
        hosts={balancer.machine.name: _host_files(topology, balancer, trust, given) for balancer in topology.load_balancers},
        kubespray=tuple(sorted(render_kubespray(topology), key=attrgetter("path"))),
    )


def _host_files(topology: Topology, balancer: LoadBalancer, trust: Trust, secrets: Secrets) -> tuple[RenderedFile, ...]:
    rendered = (
        render_haproxy(topology, balancer, trust, secrets),
        *_vip_files(topology, balancer, trust, secrets),
        *render_systemd(topology),
        *render_firewall(topology, balancer),
        *render_second_chance(topology, balancer),
        *render_pass_on(topology, balancer),
        *render_monitoring(topology, balancer),
    )
    return tuple(sorted(rendered, key=attrgetter("path")))


def _vip_files(topology: Topology, balancer: LoadBalancer, trust: Trust, secrets: Secrets) -> tuple[RenderedFile, ...]:
    """What shares the virtual IPs out: Keepalived's file, or FRR's with the program that says when to announce."""
    if topology.bgp is None:
        return (render_keepalived(topology, balancer, secrets),)
    return (*render_frr(topology, topology.bgp, balancer, secrets), *render_announce(topology, topology.bgp, balancer, trust))
