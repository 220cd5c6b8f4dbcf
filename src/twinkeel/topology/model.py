"""The system that a spec describes, with every default filled in and every derived number decided."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Literal

Role = Literal["load_balancer", "control_plane", "worker"]


@dataclass(frozen=True)
class SshAccess:
    """How one host is reached over SSH. Paths are absolute; None leaves the choice to ssh itself."""

    user: str
    port: int
    identity_file: str | None
    known_hosts_file: str | None


@dataclass(frozen=True)
class Machine:
    """One host: `name` is short (lb-1), `fqdn` is name.domain."""

    name: str
    fqdn: str
    address: IPv4Address
    interface: str
    role: Role
    ssh: SshAccess


@dataclass(frozen=True)
class VrrpInstance:
    """One virtual IP's place on one load balancer. Times are in seconds."""

    name: str
    vrid: int
    priority: int
    advert_interval: float
    vip: IPv4Interface
    interface: str
    source: IPv4Address
    peers: tuple[IPv4Address, ...]


@dataclass(frozen=True)
class HealthTimers:
    """How HAProxy checks API servers, and how the liveness watchdog checks HAProxy. Times are in seconds."""

    check_interval: float
    check_fast_interval: float
    check_timeout: float
    check_fall: int
    check_rise: int
    watchdog_interval: float
    watchdog_deadline: float


@dataclass(frozen=True)
class LoadBalancer:
    """A load balancer and its VRRP instances."""

    machine: Machine
    instances: tuple[VrrpInstance, ...]


@dataclass(frozen=True)
class Endpoint:
    """Where clients find the API."""

    name: str
    port: int
    vip: IPv4Interface


@dataclass(frozen=True)
class Cluster:
    """What Kubespray is told, beyond hosts."""

    version: str
    kubespray: str
    network_plugin: str
    pod_network: IPv4Network
    service_network: IPv4Network
    api_port: int
    dns_mode: str
    dns_server: IPv4Address | None


@dataclass(frozen=True)
class PowerControl:
    """Commands that cut and restore a host's power; `{host}` stands for the short name."""

    off: str
    on: str


@dataclass(frozen=True)
class Topology:
    """The whole system. Tuples keep the spec's order; it is never changed behind the user's back."""

    name: str
    domain: str
    endpoint: Endpoint
    load_balancers: tuple[LoadBalancer, ...]
    control_plane: tuple[Machine, ...]
    workers: tuple[Machine, ...]
    timers: HealthTimers
    cluster: Cluster
    power: PowerControl | None

    @property
    def machines(self) -> tuple[Machine, ...]:
        """Every host: load balancers, control plane, workers."""
        return (*(lb.machine for lb in self.load_balancers), *self.control_plane, *self.workers)
