"""What a lab is made of: its hosts, what they are given before they boot, and where its state stands."""

from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path
from typing import Literal

from twinkeel.spec.fields import IPAddress, IPInterface

LabRole = Literal["load_balancer", "control_plane", "worker", "router", "client", "operator"]

# Where a cable leads: to the switch of the cluster's hosts, or to one behind the routers, where clients are.
Segment = Literal["hosts", "outside"]

# Hosts that are only a place on the lab's network for this machine's own programs (see `twinkeel lab exec`).
OUTSIDE_ROLES: tuple[LabRole, ...] = ("client", "operator")


@dataclass(frozen=True)
class LabHost:
    """One host: `name` is short (lb-1), `fqdn` is name.domain, `prefix` is the length of its network's prefix.

    `address6` is its second address where the lab has two networks, IPv4 and IPv6; `prefix6` is that network's.

    `role` is what it is in the first place, `more_roles` what else it is: a load balancer may be a control-plane host, too.
    `segment` is where its first cable leads. A router has a second one, to the segment outside: `outside` are its addresses there.
    `gateways` are where packets for other networks go, one address for each IP version; empty where there are no other networks.
    """

    name: str
    fqdn: str
    role: LabRole
    address: IPAddress
    prefix: int
    interface: str
    ssh_user: str = "root"
    ssh_port: int = 22
    more_roles: tuple[LabRole, ...] = ()
    address6: IPv6Address | None = None
    prefix6: int = 64
    segment: Segment = "hosts"
    outside: tuple[IPInterface, ...] = ()
    gateways: tuple[IPAddress, ...] = ()

    @property
    def addresses(self) -> tuple[tuple[IPAddress, int], ...]:
        """Each address with the length of its network's prefix."""
        second = () if self.address6 is None else ((self.address6, self.prefix6),)
        return ((self.address, self.prefix), *second)

    @property
    def roles(self) -> tuple[LabRole, ...]:
        """All that it is."""
        return (self.role, *self.more_roles)

    def gateway(self, version: int) -> IPAddress | None:
        """Where packets of IP version 4 or 6 for other networks go; None where there is no router."""
        return next((each for each in self.gateways if each.version == version), None)


@dataclass(frozen=True)
class LabLayout:
    """The whole lab, in the spec's order, then routers, client and operator. `lab_id` is short and tags everything made.

    `suite` is the code name of the Debian release that its hosts are made of, `kubernetes` a line that says which programs run and
    where they come from; both are empty for a lab of an older Twinkeel, and `kubernetes` where the lab brings none.
    """

    name: str
    lab_id: str
    domain: str
    endpoint_name: str
    endpoint_port: int
    vips: tuple[IPInterface, ...]
    hosts: tuple[LabHost, ...]
    suite: str = ""
    kubernetes: str = ""

    @property
    def vip(self) -> IPInterface:
        """The first virtual IP."""
        return self.vips[0]

    def host(self, name: str) -> LabHost:
        """The host of that name. Raises KeyError."""
        return {host.name: host for host in self.hosts}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Every host's short name."""
        return tuple(host.name for host in self.hosts)

    def with_role(self, *roles: LabRole) -> tuple[LabHost, ...]:
        """The hosts that play one of these roles, in order."""
        return tuple(host for host in self.hosts if any(role in roles for role in host.roles))


@dataclass(frozen=True)
class HostFile:
    """A file to put into a host before it boots. `path` is absolute inside the host; the owner is root."""

    path: str
    content: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Bind:
    """A path of this machine shown inside a host. A read-write source that does not exist is made as a folder."""

    source: Path
    target: str


@dataclass(frozen=True)
class HostExtras:
    """What one host gets besides the image and what every host gets.

    `enable` names systemd units; `environment` is systemd-nspawn's own (SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes lets a kubelet
    write to /proc/sys and /sys; every other host may write to /proc/sys/net only).
    """

    files: tuple[HostFile, ...] = ()
    enable: tuple[str, ...] = ()
    bind_ro: tuple[Bind, ...] = ()
    bind: tuple[Bind, ...] = ()
    nspawn_args: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class LabPaths:
    """Where one lab's state stands: /var/lib/twinkeel/labs/NAME, mode 0700."""

    root: Path

    @property
    def manifest(self) -> Path:
        """The list of all that the lab made."""
        return self.root / "manifest.json"

    @property
    def identity_file(self) -> Path:
        """The private SSH key that opens every host."""
        return self.root / "ssh" / "id_ed25519"

    @property
    def known_hosts_file(self) -> Path:
        """Every host's SSH key, by name and by address."""
        return self.root / "ssh" / "known_hosts"

    @property
    def spec_file(self) -> Path:
        """The spec's copy that carries the lab's SSH key and power commands."""
        return self.root / "twinkeel.yaml"

    @property
    def layout_file(self) -> Path:
        """The layout, for the commands that come after `lab up`."""
        return self.root / "layout.json"

    @property
    def tools(self) -> Path:
        """Programs for `lab exec client` and `lab exec operator` (kubectl), first on their PATH."""
        return self.root / "tools"

    @property
    def overlay(self) -> Path:
        """Kubespray's variables that only a lab needs; there when the lab is for Kubespray."""
        return self.root / "overlay.yaml"

    @property
    def pki(self) -> Path:
        """The cluster's certificate authorities and certificates."""
        return self.root / "pki"

    def host(self, name: str) -> Path:
        """One host's folder: overlay, bound folders, console log."""
        return self.root / "hosts" / name
