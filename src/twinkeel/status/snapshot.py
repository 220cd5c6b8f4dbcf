"""The state of the whole system at one moment, as values, and as the documented JSON."""

from dataclasses import dataclass
from typing import Any

from twinkeel.status.backends import Backend


@dataclass(frozen=True)
class VipState:
    """One virtual IP and who holds it (short names): one name when all is well."""

    address: str
    holders: tuple[str, ...]


@dataclass(frozen=True)
class LoadBalancerState:
    """One load balancer.

    `vrrp_state`: MASTER, BACKUP, FAULT (HAProxy is known dead, so it may not hold the virtual IP), STOPPED (keepalived does
    not run) or UNREACHABLE. `haproxy`: systemd's ActiveState of its unit, or "unreachable".
    """

    name: str
    vrrp_state: str
    haproxy: str
    backends: tuple[Backend, ...]
    detail: str = ""


@dataclass(frozen=True)
class ControlPlaneState:
    """One API server, asked directly; `detail` says why it is not ready."""

    name: str
    ready: bool
    detail: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Everything that was seen."""

    vips: tuple[VipState, ...]
    load_balancers: tuple[LoadBalancerState, ...]
    control_plane: tuple[ControlPlaneState, ...]
    endpoint_ready: bool
    endpoint_detail: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """A line for everything that is not as it must be; empty when the system is healthy."""
        return (
            *(_vip_problem(vip) for vip in self.vips if len(vip.holders) != 1),
            *(line for balancer in self.load_balancers for line in _balancer_problems(balancer)),
            *(f"{host.name}: the API server is not ready: {host.detail}" for host in self.control_plane if not host.ready),
            *(() if self.endpoint_ready else (f"the API does not answer through the virtual IP: {self.endpoint_detail}",)),
        )

    @property
    def healthy(self) -> bool:
        """Whether the loss of any one machine can be borne now: everything runs, and one load balancer holds the virtual IP."""
        return not self.problems

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
        "vips": [{"address": vip.address, "holders": list(vip.holders)} for vip in snapshot.vips],
        "load_balancers": [
            {
                "name": balancer.name,
                "vrrp_state": balancer.vrrp_state,
                "haproxy": balancer.haproxy,
                "backends": [{"name": backend.name, "status": backend.status} for backend in balancer.backends],
            }
            for balancer in snapshot.load_balancers
        ],
        "control_plane": [{"name": host.name, "ready": host.ready} for host in snapshot.control_plane],
        "problems": list(snapshot.problems),
    }


def _vip_problem(vip: VipState) -> str:
    if not vip.holders:
        return f"no load balancer holds {vip.address}"
    return f"{vip.address} is held by {' and '.join(vip.holders)} at the same time"


def _balancer_problems(balancer: LoadBalancerState) -> tuple[str, ...]:
    if balancer.vrrp_state == "UNREACHABLE":
        return (f"{balancer.name}: {balancer.detail}",)
    keepalived = {"STOPPED": "keepalived does not run", "FAULT": "keepalived holds HAProxy for dead"}.get(balancer.vrrp_state)
    return (
        *(() if balancer.haproxy == "active" else (f"{balancer.name}: haproxy is {balancer.haproxy}",)),
        *((f"{balancer.name}: {keepalived}",) if keepalived else ()),
        *(f"{balancer.name}: {backend.name} is {backend.status}" for backend in balancer.backends if not backend.up),
        *((f"{balancer.name}: HAProxy's state cannot be read",) if balancer.haproxy == "active" and not balancer.backends else ()),
    )
