"""A snapshot as lines for a person, with Rich's marks for colours. Pure."""

from rich.markup import escape

from twinkeel.status.backends import Backend
from twinkeel.status.bgp_sessions import Session
from twinkeel.status.snapshot import ControlPlaneState, LoadBalancerState, Snapshot

STATE_COLOURS = {
    "MASTER": "green",
    "ANNOUNCING": "green",
    "WAITING": "yellow",
    "BACKUP": "",
    "STANDBY": "yellow",
    "FAULT": "red",
    "STOPPED": "red",
    "UNREACHABLE": "red",
}


def status_lines(snapshot: Snapshot) -> list[str]:
    """Virtual IPs, load balancers, API servers, then what is wrong, or that nothing is."""
    width = max(len(name) for name in ("virtual IP", *_names(snapshot)))
    lines = [
        f"{'virtual IP':<{width}}  {vip.address}: {escape(', '.join(vip.holders) or snapshot.no_holder)}" for vip in snapshot.vips
    ]
    for balancer in snapshot.load_balancers:
        lines += _balancer_lines(balancer, width)
    for host in snapshot.control_plane:
        lines.append(f"{host.name:<{width}}  {_readiness(host)}")
    lines += [f"[yellow]warning[/]  {escape(warning)}" for warning in snapshot.warnings]
    if snapshot.healthy:
        return [*lines, "[green]healthy[/]"]
    return [*lines, *(f"[red]problem[/]  {escape(problem)}" for problem in snapshot.problems)]


def _readiness(host: ControlPlaneState) -> str:
    if not host.known:
        return "API server not known"
    return "API server ready" if host.ready else "[red]API server NOT READY[/]"


def _names(snapshot: Snapshot) -> list[str]:
    return [*(each.name for each in snapshot.load_balancers), *(each.name for each in snapshot.control_plane)]


def _balancer_lines(balancer: LoadBalancerState, width: int) -> list[str]:
    colour = STATE_COLOURS.get(balancer.vrrp_state, "")
    state = f"[{colour}]{balancer.vrrp_state:<11}[/]" if colour else f"{balancer.vrrp_state:<11}"
    verb = "announces" if balancer.vrrp_state == "ANNOUNCING" else "holds"
    held = f"  {verb} {', '.join(balancer.vips)}" if balancer.vips else ""
    lines = [f"{balancer.name:<{width}}  {state}  haproxy {balancer.haproxy:<8}  {_servers(balancer.backends)}{held}".rstrip()]
    lines += [f"{'':<{width}}  {'service':<11}  {service.name}: {_servers(service.backends)}" for service in balancer.services]
    lines += [f"{'':<{width}}  {'router':<11}  {_session(session)}" for session in balancer.sessions]
    if (lingering := balancer.lingering) is not None:
        left = f"{lingering.connections} connections, {lingering.seconds_left} s at most"
        lines.append(f"{'':<{width}}  {'lingers':<11}  for {', '.join(lingering.vips)}: {left}")
    return lines


def _session(session: Session) -> str:
    bfd = "no BFD" if session.bfd is None else f"BFD {session.bfd}"
    return f"{session.router}: BGP {session.state}, {bfd}, {session.announced} announced"


def _servers(servers: tuple[Backend, ...]) -> str:
    return ", ".join(escape(f"{server.name} {server.status}") for server in servers)
