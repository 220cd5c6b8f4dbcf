"""What was seen on a host, and on its network segment, as values."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface
from typing import Any

from twinkeel.observe.host_state import PackageState
from twinkeel.spec.fields import IPAddress, IPInterface
from twinkeel.status.bgp_sessions import Session, parse_bfd, parse_sessions


@dataclass(frozen=True)
class Clock:
    """How far a host's clock is ahead of this machine's, and by how much that may be wrong, in seconds."""

    ahead: float
    uncertainty: float


@dataclass(frozen=True)
class Link:
    """A network interface. `mac` is as iproute2 writes it."""

    name: str
    up: bool
    mac: str
    addresses: tuple[IPInterface, ...]


@dataclass(frozen=True)
class Listener:
    """A listening TCP socket; `process` and `unit` are None where the kernel does not tell."""

    address: IPAddress
    port: int
    process: str | None
    unit: str | None


@dataclass(frozen=True)
class TlsAnswer:
    """What a server's port showed: a certificate (DER), or why there is none."""

    address: IPAddress
    port: int
    certificate: bytes | None
    error: str | None


@dataclass(frozen=True)
class NameAnswer:
    """What a host's resolver gives for a name."""

    addresses: frozenset[IPAddress]
    error: str | None


@dataclass(frozen=True)
class HostFacts:
    """One host. `os` has the lines of os-release, `space` the free bytes of folders, `active` the systemd units of interest.

    `may_raise_limits`: whether the VRRP daemon gets CAP_SYS_RESOURCE; None: not known. `nft_refuses`: what nft says
    against rules that keep connections; empty where it takes them, None where it is not installed. `sessions`: FRR's, none where it
    does not run; None where its configuration is not ours. `accepted`: virtual IPs at which another host takes connections.
    `bfdd_real_time`: whether its BFD daemon has a real-time priority; None where it does not run. `reached`: what came of a
    connection to the endpoint's port on each other load balancer: `taken`, `refused`, or why nothing came.
    """

    clock: Clock
    os: Mapping[str, str]
    python: tuple[int, ...]
    init: str
    package_manager: str | None
    packages: Mapping[str, PackageState]
    links: tuple[Link, ...]
    listeners: tuple[Listener, ...]
    names: Mapping[str, NameAnswer]
    tls: tuple[TlsAnswer, ...]
    nr_open: int | None
    file_max: int | None
    selinux: str | None
    booleans: Mapping[str, bool]
    active: frozenset[str]
    networkd: frozenset[str]
    network_manager: frozenset[str]
    space: Mapping[str, int | None]
    may_raise_limits: bool | None = None
    kernel: str = ""
    nft_refuses: str | None = None
    sessions: tuple[Session, ...] | None = None
    accepted: frozenset[IPAddress] = frozenset()
    bfdd_real_time: bool | None = None
    reached: Mapping[IPAddress, str] = field(default_factory=dict)

    def link(self, name: str) -> Link | None:
        """The interface of that name."""
        return next((link for link in self.links if link.name == name), None)

    def carrier(self, address: IPAddress) -> Link | None:
        """The interface that has an address."""
        return next((link for link in self.links if any(each.ip == address for each in link.addresses)), None)


@dataclass(frozen=True)
class Voice:
    """Somebody's VRRP advertisements, as they were heard."""

    source: IPAddress
    target: IPAddress
    version: int
    vrid: int
    priority: int
    mac: str
    count: int


Pair = tuple[IPAddress, IPAddress]


@dataclass(frozen=True)
class SegmentFacts:
    """What one load balancer met on its segment.

    `answers` has (address, hardware address) of whoever calls a virtual IP its own. `arrived` are pairs (from, to) of our test
    packets on the wire, `received` those that also passed the firewall; `errors` why a pair's packets could not be sent.
    """

    answers: frozenset[tuple[IPAddress, str]]
    voices: tuple[Voice, ...]
    arrived: frozenset[Pair]
    received: frozenset[Pair]
    errors: Mapping[Pair, str]
    seconds: float


def parse_host(text: str, clock: Clock) -> HostFacts:
    """The value of what `survey_host` printed."""
    seen = json.loads(text)
    active = frozenset(seen["active"]) | (frozenset({"ufw"}) if seen["ufw"] else frozenset())
    # ufw.service is active wherever the package is; ufw.conf says whether it does anything.
    if not seen["ufw"]:
        active -= {"ufw"}
    return HostFacts(
        clock=clock,
        os=seen["os"],
        python=tuple(seen["python"]),
        init=seen["init"],
        package_manager=seen["package_manager"],
        packages={name: PackageState(**state) for name, state in seen["packages"].items()},
        links=tuple(_link(link) for link in seen["links"]),
        listeners=tuple(_listener(found) for found in seen["listeners"]),
        names={
            name: NameAnswer(frozenset(map(_address, found["addresses"])), found["error"]) for name, found in seen["names"].items()
        },
        tls=tuple(_tls(found) for found in seen["tls"]),
        nr_open=seen["limits"]["nr_open"],
        file_max=seen["limits"]["file_max"],
        selinux=seen["selinux"]["mode"],
        booleans=seen["selinux"]["booleans"],
        active=active,
        networkd=frozenset(seen["networkd"]),
        network_manager=frozenset(seen["network_manager"]),
        space=seen["space"],
        may_raise_limits=seen.get("may_raise_limits"),
        kernel=seen.get("kernel", ""),
        nft_refuses=seen.get("nft_refuses"),
        sessions=_sessions(seen.get("frr")),
        accepted=frozenset(map(_address, seen.get("accepted", ()))),
        bfdd_real_time=seen.get("bfdd_real_time"),
        reached={_address(address): came for address, came in seen.get("reached", ())},
    )


def parse_segment(text: str, seconds: float) -> SegmentFacts:
    """The value of what `probe_segment` printed."""
    seen = json.loads(text)
    return SegmentFacts(
        answers=frozenset((_address(vip), mac) for vip, mac in seen["answers"]),
        voices=tuple(Voice(_address(source), _address(target), *numbers) for source, target, *numbers in seen["heard"]),
        arrived=frozenset(_pair(pair) for pair in seen["arrived"]),
        received=frozenset(_pair(pair) for pair in seen["received"]),
        errors={_pair(pair.split()): error for pair, error in seen["errors"].items()},
        seconds=seconds,
    )


def _address(text: str) -> IPAddress:
    # A scope (fe80::1%eth0) says nothing to us.
    found = ip_address(text.split("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found


def _pair(pair: Sequence[str]) -> Pair:
    return _address(pair[0]), _address(pair[1])


def _link(link: Mapping[str, Any]) -> Link:
    addresses = [ip_interface(f"{entry['local']}/{entry['prefixlen']}") for entry in link.get("addr_info", ()) if "local" in entry]
    return Link(link["ifname"], "UP" in link.get("flags", ()), link.get("address", ""), tuple(addresses))


def _listener(found: Mapping[str, Any]) -> Listener:
    return Listener(_address(found["address"]), found["port"], found["process"], found["unit"])


def _sessions(told: Mapping[str, str] | None) -> tuple[Session, ...] | None:
    return None if told is None else parse_sessions(told["bgp summary"], parse_bfd(told["bfd peers"]))


def _tls(found: Mapping[str, Any]) -> TlsAnswer:
    certificate = base64.b64decode(found["certificate"]) if found["certificate"] else None
    return TlsAnswer(_address(found["address"]), found["port"], certificate, found["error"])
