"""The state of the whole system at one moment, as values, and as the documented JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from twinkeel.status.backends import Backend
from twinkeel.status.bgp_sessions import Session
from twinkeel.status.lingering import Lingering
from twinkeel.vip.daemons import VRRP_DAEMON


@dataclass(frozen=True)
class VipState:
    """One virtual IP and who holds it (short names): one name when all is well.

    `ready` is whether the API answers through it, with a certificate that verifies for it; `detail` says why not. Where it
    is not `known`, nothing could be asked.
    """

    address: str
    holders: tuple[str, ...]
    ready: bool
    detail: str = ""
    known: bool = True


@dataclass(frozen=True)
class ServiceState:
    """One extra service as a load balancer sees its servers."""

    name: str
    backends: tuple[Backend, ...]


@dataclass(frozen=True)
class LoadBalancerState:
    """One load balancer.

    `vrrp_state`: MASTER (it holds a virtual IP), BACKUP, STANDBY (it was told not to hold any), FAULT (HAProxy is known dead, so
    it may not hold any), STOPPED (the VRRP daemon does not run) or UNREACHABLE. With BGP: ANNOUNCING, WAITING (it came back after a
    failure and is not trusted yet), STANDBY, FAULT, STOPPED (FRR or the program that announces does not run) or UNREACHABLE.
    `sessions` are those of its FRR. `haproxy`: systemd's ActiveState of its unit, or
    "unreachable". `backends` are the API servers, `vips` the virtual IPs that it holds; `lingering` tells of connections that it
    still serves for virtual IPs that it gave away. `held_for`: for how many seconds it has had each of `vips`, by its kernel.
    """

    name: str
    vrrp_state: str
    haproxy: str
    backends: tuple[Backend, ...]
    detail: str = ""
    vips: tuple[str, ...] = ()
    services: tuple[ServiceState, ...] = ()
    lingering: Lingering | None = None
    held_for: Mapping[str, float] = field(default_factory=dict, compare=False)
    sessions: tuple[Session, ...] = ()


@dataclass(frozen=True)
class ControlPlaneState:
    """One API server, asked directly; `detail` says why it is not ready. Where that is not `known`, it could not be asked."""

    name: str
    ready: bool
    detail: str = ""
    known: bool = True


@dataclass(frozen=True)
class Snapshot:
    """Everything that was seen. `exclusive`: one load balancer alone may hold a virtual IP; otherwise all announce it."""

    vips: tuple[VipState, ...]
    load_balancers: tuple[LoadBalancerState, ...]
    control_plane: tuple[ControlPlaneState, ...]
    exclusive: bool = True

    @property
    def problems(self) -> tuple[str, ...]:
        """A line for everything that is not as it must be; empty when the system is healthy."""
        return (
            *self._vip_problems(),
            *(line for balancer in self.load_balancers for line in _balancer_problems(balancer, self.exclusive)),
            *(f"{host.name}: {_not_ready(host)}" for host in self.control_plane if not host.ready),
            *(_not_answering(vip) for vip in self.vips if not vip.ready),
        )

    @property
    def endpoint_problems(self) -> tuple[str, ...]:
        """Those of `problems` that clients feel or soon may: of virtual IPs, not of one machine."""
        return (
            *self._vip_problems(),
            *(_not_answering(vip) for vip in self.vips if not vip.ready),
        )

    def _vip_problems(self) -> Iterator[str]:
        for vip in self.vips:
            if not vip.holders or (self.exclusive and len(vip.holders) > 1):
                yield _vip_problem(vip, self.not_asked, self.exclusive)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Servers of extra services that are down. The API is as safe as before, so they make nothing unhealthy."""
        return tuple(
            f"{balancer.name}: service {service.name}: {server.problem}"
            for balancer in self.load_balancers
            for service in balancer.services
            for server in service.backends
            if not server.up
        )

    @property
    def healthy(self) -> bool:
        """Whether the loss of any one machine can be borne now: everything runs, and each virtual IP is where it must be."""
        return not self.problems

    @property
    def not_asked(self) -> tuple[str, ...]:
        """The load balancers that could not be asked: each may hold a virtual IP."""
        return tuple(each.name for each in self.load_balancers if each.vrrp_state == "UNREACHABLE")

    @property
    def no_holder(self) -> str:
        """What stands where a virtual IP's holder would: one that cannot be asked may hold it."""
        return "not known" if self.not_asked else "nobody"

    @property
    def nobody_answered(self) -> bool:
        """Whether no load balancer could be asked, and no API server answered."""
        return all(each.vrrp_state == "UNREACHABLE" for each in self.load_balancers) and not any(
            each.ready for each in self.control_plane
        )


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """The object that `status --format json` prints."""
    return {
        "healthy": snapshot.healthy,
        "vips": [{"address": vip.address, "holders": list(vip.holders), "ready": vip.ready} for vip in snapshot.vips],
        "load_balancers": [_balancer_json(balancer) for balancer in snapshot.load_balancers],
        "control_plane": [{"name": host.name, "ready": host.ready} for host in snapshot.control_plane],
        "problems": list(snapshot.problems),
        "warnings": list(snapshot.warnings),
    }


def _balancer_json(balancer: LoadBalancerState) -> dict[str, Any]:
    return {
        "name": balancer.name,
        "vrrp_state": balancer.vrrp_state,
        "vips": list(balancer.vips),
        "haproxy": balancer.haproxy,
        "backends": _servers_json(balancer.backends),
        "services": [{"name": service.name, "backends": _servers_json(service.backends)} for service in balancer.services],
        **_lingering_json(balancer.lingering),
        **({"sessions": [vars(session) for session in balancer.sessions]} if balancer.sessions else {}),
    }


def _lingering_json(lingering: Lingering | None) -> dict[str, Any]:
    if lingering is None:
        return {}
    data = {"vips": list(lingering.vips), "connections": lingering.connections, "seconds_left": lingering.seconds_left}
    return {"lingering": data}


def _servers_json(servers: tuple[Backend, ...]) -> list[dict[str, str]]:
    return [{"name": server.name, "status": server.status} for server in servers]


def _vip_problem(vip: VipState, not_asked: tuple[str, ...], exclusive: bool) -> str:
    if not vip.holders and not_asked:
        return f"who holds {vip.address} is not known: {' and '.join(not_asked)} could not be asked"
    if not vip.holders:
        return f"no load balancer {'holds' if exclusive else 'announces'} {vip.address}"
    return f"{vip.address} is held by {' and '.join(vip.holders)} at the same time"


def _not_ready(host: ControlPlaneState) -> str:
    what = "the API server is not ready" if host.known else "whether the API server is ready is not known"
    return f"{what}: {host.detail}"


def _not_answering(vip: VipState) -> str:
    if not vip.known:
        return f"whether the API answers through {vip.address} is not known: {vip.detail}"
    return f"the API does not answer through {vip.address}: {vip.detail}"


_NOT_READY_TO_HOLD = {
    "STOPPED": f"{VRRP_DAEMON.unit} does not run",
    "FAULT": f"{VRRP_DAEMON.unit} considers HAProxy down",
    "STANDBY": "it is on standby and takes no virtual IP: `twinkeel apply` ends that, or echo 0 > /run/twinkeel/standby there",
}


_NOT_ANNOUNCING = {
    "STOPPED": "frr or twinkeel-announce does not run",
    "FAULT": "it announces nothing: {why}",
    "WAITING": "it came back after a failure and announces again when it has been well for a while (endpoint.bgp.return_delay), or "
    "at once with `twinkeel undrain {name}`",
    "STANDBY": "it is in standby and announces nothing: `twinkeel undrain {name}` ends that",
}


def _why_not(balancer: LoadBalancerState, exclusive: bool) -> str | None:
    if exclusive:
        return _NOT_READY_TO_HOLD.get(balancer.vrrp_state)
    template = _NOT_ANNOUNCING.get(balancer.vrrp_state)
    return template and template.format(name=balancer.name, why=balancer.detail or "it does not say why")


def _session_problems(balancer: LoadBalancerState) -> Iterator[str]:
    for session in balancer.sessions:
        if not session.established:
            yield f"{balancer.name}: no BGP session with {session.router} ({session.state})"
        elif session.bfd not in (None, "up"):
            yield f"{balancer.name}: BFD with {session.router} is {session.bfd}: a loss is noticed by BGP's hold time alone"
        elif balancer.vrrp_state == "ANNOUNCING" and not session.announced:
            yield f"{balancer.name}: nothing is announced to {session.router}"
    if balancer.vrrp_state == "ANNOUNCING" and not balancer.sessions:
        yield f"{balancer.name}: FRR reports no BGP session"


def _balancer_problems(balancer: LoadBalancerState, exclusive: bool) -> tuple[str, ...]:
    if balancer.vrrp_state == "UNREACHABLE":
        return (f"{balancer.name}: {balancer.detail}",)
    reason = _why_not(balancer, exclusive)
    return (
        *(() if balancer.haproxy == "active" else (f"{balancer.name}: haproxy is {balancer.haproxy}",)),
        *((f"{balancer.name}: {reason}",) if reason else ()),
        *_session_problems(balancer),
        *(f"{balancer.name}: {_server_problem(server)}" for server in balancer.backends if not server.up),
        *((f"{balancer.name}: HAProxy's state cannot be read",) if balancer.haproxy == "active" and not balancer.backends else ()),
    )


def _server_problem(server: Backend) -> str:
    if server.status.startswith(("DRAIN", "MAINT")):
        return f"{server.name} is drained on purpose ({server.status}): `twinkeel undrain {server.name}` puts it back"
    return server.problem_of_api
