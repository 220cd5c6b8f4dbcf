"""The spec's model: what twinkeel.yaml may say, with every default.

Positions are kept apart (see `twinkeel.spec.document`); cross checks between fields are in `twinkeel.spec.validate`.
"""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

HostName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
DomainName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$")]
Port = Annotated[int, Field(ge=1, le=65535)]

MONITOR_PORT = 8404
"""Where HAProxy answers on each load balancer's loopback; the endpoint cannot have it, too."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Host(_Strict):
    """One machine. In the file it may be just an address."""

    address: IPv4Address
    interface: str | None = Field(None, description="Network interface that carries the address; default: `interface` of the spec.")
    ssh_user: str | None = Field(None, description="Default: ssh.user.")
    ssh_port: Port | None = Field(None, description="Default: ssh.port.")


def _address_is_a_host(value: Any) -> Any:
    return {"address": value} if isinstance(value, str | int | float) else value


HostEntry = Annotated[Host, BeforeValidator(_address_is_a_host)]


class Endpoint(_Strict):
    """Where clients find the API: a name, a port and the virtual IP with its prefix length."""

    name: DomainName
    port: Port = 6443
    vip: IPv4Interface


class Dns(_Strict):
    """Kubespray's dns_mode; `manual` needs a server."""

    mode: Literal["coredns", "coredns_dual", "manual", "none"] = "coredns"
    server: IPv4Address | None = None


class Failover(_Strict):
    """How fast a load balancer's loss is noticed. A timer given here overrides the profile's."""

    profile: Literal["fast", "steady"] = "fast"


class Kubernetes(_Strict):
    """What Kubespray installs behind the load balancers."""

    version: str = "1.35.4"
    kubespray: str = "v2.31.0"
    network_plugin: Literal[
        "calico", "flannel", "cilium", "cni", "kube-ovn", "kube-router", "macvlan", "custom_cni", "none", "cloud"
    ] = "calico"
    pod_network: IPv4Network = IPv4Network("10.233.64.0/18")
    service_network: IPv4Network = IPv4Network("10.233.0.0/18")
    api_port: Port = 6443


class Ssh(_Strict):
    """How hosts are reached. Paths are relative to the spec's folder; TWINKEEL_SSH_* variables override them."""

    user: str = "root"
    port: Port = 22
    identity_file: str | None = None
    known_hosts_file: str | None = None


class Power(_Strict):
    """Commands that cut and restore a host's power (a BMC tool, a PDU, a hypervisor), for the drills.

    `{host}` stands for the host's short name. They run on the machine that runs the drill, without a shell.
    """

    off: str
    on: str


class ClusterSpec(_Strict):
    """One cluster with its load balancers: the whole of twinkeel.yaml."""

    name: HostName
    domain: DomainName
    endpoint: Endpoint
    interface: str = Field("eth0", description="Interface of every host that does not name its own.")
    load_balancers: dict[HostName, HostEntry] = Field(min_length=1)
    control_plane: dict[HostName, HostEntry] = Field(min_length=1)
    workers: dict[HostName, HostEntry] = Field(default_factory=dict)
    dns: Dns = Dns()
    failover: Failover = Failover()
    kubernetes: Kubernetes = Kubernetes()
    ssh: Ssh = Ssh()
    power: Power | None = None
