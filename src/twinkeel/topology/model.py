"""The system that a spec describes, with every default filled in and every derived number decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Literal

from twinkeel.spec.fields import IPAddress, IPInterface
from twinkeel.topology.settings import (
    Cluster,
    HaproxySettings,
    LinkControl,
    Monitoring,
    PowerControl,
    SystemSettings,
    VrrpDaemonSettings,
)
from twinkeel.vip.daemon import Version

Role = Literal["load_balancer", "control_plane", "etcd", "worker"]


@dataclass(frozen=True)
class SshAccess:
    """How one host is reached over SSH. Paths are absolute; None leaves the choice to ssh itself.

    Of a host that no spec describes, `destination` is the name that ssh knows it by (in DNS, or in its own configuration); then an
    empty user and port 0 leave the choice to ssh, too.
    """

    user: str
    port: int
    identity_file: str | None
    known_hosts_file: str | None
    address: IPAddress | None = None
    destination: str = ""


@dataclass(frozen=True)
class Machine:
    """One host: `name` is short (lb-1), `fqdn` is name.domain. `roles` has all that it is, load balancer first.

    `address` is where the other hosts reach it; SSH may go to another one (`ssh_address`), and so may clients of a node
    (`access_address`, Kubespray's access_ip; None for `address`).
    """

    name: str
    fqdn: str
    address: IPAddress
    interface: str
    roles: tuple[Role, ...]
    ssh: SshAccess
    address6: IPv6Address | None = None
    access_address: IPAddress | None = None
    short_node_name: bool = False
    vrrp_address: IPAddress | None = None
    vrrp_interface: str | None = None

    @property
    def node_name(self) -> str:
        """What Kubernetes and Kubespray's inventory call it."""
        return self.name if self.short_node_name else self.fqdn

    @property
    def ssh_address(self) -> IPAddress:
        """Where SSH and Ansible reach it."""
        return self.ssh.address or self.address

    @property
    def ssh_destination(self) -> str:
        """What ssh is told: the name of a host that no spec describes, else its address."""
        return self.ssh.destination or str(self.ssh_address)

    @property
    def role(self) -> Role:
        """What it is in the first place."""
        return self.roles[0]

    def address_of(self, version: int) -> IPAddress | None:
        """Its address of IP version 4 or 6; None when it has none."""
        if self.address.version == version:
            return self.address
        return self.address6 if version == 6 else None


@dataclass(frozen=True)
class VrrpInstance:
    """One virtual IP's place on one load balancer. Times are in seconds.

    `peers` are the other load balancers' addresses of the virtual IP's kind; `failback` is None when a load balancer that comes
    back leaves the virtual IP where it is. Instances of one virtual IP have one name on every load balancer.
    """

    name: str
    vrid: int
    priority: int
    advert_interval: float
    vip: IPInterface
    interface: str
    source: IPAddress
    peers: tuple[IPAddress, ...]
    version: int = 3
    multicast: bool = False
    authentication: Literal["none", "password", "hmac"] = "none"
    failback: float | None = None
    vip_interface: str = ""
    next_hop: IPInterface | None = None
    """Where routers send what is for a routed virtual IP; it moves with that."""

    @property
    def shared(self) -> tuple[IPAddress, ...]:
        """The addresses that move: the virtual IP, and the next hop to it."""
        return (self.vip.ip,) if self.next_hop is None else (self.vip.ip, self.next_hop.ip)

    @property
    def carrier(self) -> str:
        """The interface that carries the virtual IP; advertisements may go over another one (`interface`)."""
        return self.vip_interface or self.interface


@dataclass(frozen=True)
class BgpRouter:
    """A router that each load balancer has a session with; `hops` away at most."""

    address: IPAddress
    asn: int
    hops: int


@dataclass(frozen=True)
class Bfd:
    """How fast a lost router or load balancer is noticed. The interval is in seconds."""

    interval: float
    multiplier: int


@dataclass(frozen=True)
class Bgp:
    """How load balancers announce the virtual IPs. Times are in seconds; `bfd` is None where there is none."""

    asn: int
    routers: tuple[BgpRouter, ...]
    authentication: Literal["none", "md5"]
    hold_time: int
    bfd: Bfd | None
    communities: tuple[str, ...]
    return_delay: float
    version: Version


@dataclass(frozen=True)
class HealthTimers:
    """How HAProxy checks API servers, and how the liveness watchdog checks HAProxy. Times are in seconds."""

    check_interval: float
    check_fast_interval: float
    check_timeout: float
    check_fall: int
    check_rise: int
    connect_timeout: float
    watchdog_interval: float
    watchdog_deadline: float


@dataclass(frozen=True)
class LoadBalancer:
    """A load balancer and its VRRP instances, one for each virtual IP in the spec's order; none with BGP."""

    machine: Machine
    instances: tuple[VrrpInstance, ...]


@dataclass(frozen=True)
class Endpoint:
    """Where clients find the API. `vips` has at least one."""

    name: str
    port: int
    vips: tuple[IPInterface, ...]

    @property
    def vip(self) -> IPInterface:
        """The first virtual IP: the one that Kubespray and a kubeconfig by address get."""
        return self.vips[0]

    @property
    def ip_versions(self) -> tuple[int, ...]:
        """4, 6 or both: what the virtual IPs are."""
        return tuple(sorted({vip.version for vip in self.vips}))


@dataclass(frozen=True)
class Target:
    """One server of an extra service."""

    name: str
    address: IPAddress


@dataclass(frozen=True)
class Service:
    """One more TCP service through the virtual IPs. `check_port` is None when the served port is checked."""

    name: str
    port: int
    targets: tuple[Target, ...]
    target_port: int
    proxy_protocol: Literal["none", "v1", "v2"]
    check_type: Literal["tcp", "http", "https"]
    check_path: str
    check_port: int | None
    check_status: int


@dataclass(frozen=True)
class Topology:
    """The whole system. Tuples keep the spec's order; it is never changed behind the user's back.

    A machine with several roles is the same value in each of its tuples. `etcd` is the control plane by default.
    """

    name: str
    domain: str
    endpoint: Endpoint
    load_balancers: tuple[LoadBalancer, ...]
    control_plane: tuple[Machine, ...]
    etcd: tuple[Machine, ...]
    workers: tuple[Machine, ...]
    services: tuple[Service, ...]
    profile: str
    timers: HealthTimers
    haproxy: HaproxySettings
    vrrp_daemon: VrrpDaemonSettings
    system: SystemSettings
    cluster: Cluster
    power: PowerControl | None
    link: LinkControl | None = None
    budgets: Mapping[str, float] = field(default_factory=dict)
    second_chance: float | None = None
    """Seconds for which the old holder of a virtual IP serves its connections after a planned move; None where it does not."""
    resets_because: str = ""
    """Why it does not; empty where it does."""
    monitoring: Monitoring | None = None
    bgp: Bgp | None = None
    """How every load balancer announces the virtual IPs; None where one of them holds each (VRRP)."""

    @property
    def machines(self) -> tuple[Machine, ...]:
        """Every host once: load balancers, control plane, etcd, workers."""
        groups = ((lb.machine for lb in self.load_balancers), self.control_plane, self.etcd, self.workers)
        return tuple({machine.name: machine for group in groups for machine in group}.values())

    @property
    def nodes(self) -> tuple[Machine, ...]:
        """Every host that Kubespray installs, once: control plane, etcd, workers."""
        return tuple(
            {machine.name: machine for group in (self.control_plane, self.etcd, self.workers) for machine in group}.values()
        )
