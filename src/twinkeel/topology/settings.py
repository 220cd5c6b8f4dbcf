"""What daemons, systems and Kubespray are told, beyond who is where: values of the topology."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Literal

from twinkeel.spec.fields import IPAddress, IPNetwork
from twinkeel.spec.release_support import ReleaseSupport
from twinkeel.vip.daemon import Version


@dataclass(frozen=True)
class Metrics:
    """Where HAProxy's metrics are open to the network. `address` is None for each load balancer's own; `readers` is empty for
    anyone."""

    address: IPAddress | None
    port: int
    user: str | None
    readers: tuple[IPNetwork, ...] = ()


@dataclass(frozen=True)
class Monitoring:
    """What load balancers tell of themselves. `address` is None for each one's own; `readers` is empty for anyone."""

    address: IPAddress | None
    port: int
    readers: tuple[IPNetwork, ...]
    textfile: str | None


@dataclass(frozen=True)
class HaproxySettings:
    """HAProxy beside the API. `extra` maps a place (global, defaults, frontend, backend, sections) to raw lines."""

    version: Version
    log: str
    max_connections: int
    balance: Literal["leastconn", "random", "roundrobin"]
    metrics: Metrics | None
    extra: Mapping[str, str]


@dataclass(frozen=True)
class VrrpDaemonSettings:
    """The daemon of VRRP. `extra` maps a place (global_defs, vrrp_instance, sections) to raw lines."""

    version: Version
    extra: Mapping[str, str]


@dataclass(frozen=True)
class SystemSettings:
    """The load balancers' operating system."""

    packages: Literal["auto", "apt", "dnf"]
    firewall: Literal["none", "firewalld", "ufw", "nftables"]
    selinux: Literal["auto", "ignore"]


@dataclass(frozen=True)
class Cluster:
    """What Kubespray is told, beyond hosts. `release` is what the release of the tag `kubespray` supports."""

    version: str
    kubespray: str
    release: ReleaseSupport
    network_plugin: str
    pod_network: IPv4Network
    service_network: IPv4Network
    pod_network6: IPv6Network | None
    service_network6: IPv6Network | None
    api_port: int
    schedule_on_control_plane: bool
    certificate_names: tuple[str, ...]
    variables: Mapping[str, Any]
    dns_mode: str
    dns_server: IPAddress | None
    dns_upstream: tuple[IPAddress, ...]
    api_status: int | None = 200
    """The status of /readyz that means ready to HAProxy; None when it only connects."""
    api_client_certificate: str | None = None
    """What HAProxy shows API servers, a path on the load balancers; None where anonymous requests do."""
    api_certificate_name: str | None = "kubernetes"
    """A name that each API server's certificate must hold for HAProxy; None when any of the authority's will do."""

    shutdown_delay: float = 0.0
    """How long an API server that stops goes on serving, in seconds; 0 for none."""
    goaway_chance: float = 0.0
    """The share of HTTP/2 requests after which an API server asks its client to connect anew."""
    own_etcd_member: bool = False
    """Whether each API server asks the etcd member on its own host alone, instead of all in turn."""

    @property
    def anonymous_status(self) -> int | None:
        """The status of /readyz that means ready to whoever asks without a certificate; None when any answer does."""
        return None if self.api_client_certificate else self.api_status


@dataclass(frozen=True)
class PowerControl:
    """Commands that cut and restore a host's power; `{host}` stands for the short name."""

    off: str
    on: str


@dataclass(frozen=True)
class LinkControl:
    """Commands that cut and restore a host's network; `{host}` stands for the short name."""

    cut: str
    restore: str
