"""A spec that is being written: the answers so far, its text, and what `check` says about one more answer. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from twinkeel.diagnostic import Diagnostic
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.spec.model import ClusterSpec, Endpoint, Failover, Ssh

SHARED_PORT = "8443"
"""What is proposed when HAProxy and an API server share machines: the API server keeps 6443."""

# What Kubespray itself proposes: private addresses (RFC 4193), with room for 256 nodes.
POD_NETWORK6 = "fd85:ee78:d8a6:8607::1:0/112"
SERVICE_NETWORK6 = "fd85:ee78:d8a6:8607::1000/116"


@dataclass(frozen=True)
class NewHost:
    """One line of a group: a name, its address, and in a dual-stack cluster its IPv6 address. Not checked yet."""

    name: str
    address: str
    address6: str | None = None

    def line(self) -> str:
        """The host as the spec has it."""
        if self.address6 is None:
            return f"{_scalar(self.name)}: {_scalar(self.address)}"
        return f"{_scalar(self.name)}: {{address: {_scalar(self.address)}, address6: {_scalar(self.address6)}}}"


@dataclass(frozen=True)
class Draft:
    """What was answered, as text; None or empty where nothing was answered yet."""

    name: str | None = None
    domain: str | None = None
    endpoint: str | None = None
    vips: tuple[str, ...] = ()
    interface: str | None = None
    load_balancers: tuple[NewHost, ...] = ()
    control_plane: tuple[NewHost, ...] = ()
    workers: tuple[NewHost, ...] = ()
    port: str | None = None
    profile: str | None = None
    ssh_user: str | None = None
    secrets_file: str | None = None

    @property
    def shares_machines(self) -> bool:
        """Whether a load balancer is a control-plane host, too: the endpoint then needs a port of its own."""
        return not {host.name for host in self.load_balancers}.isdisjoint(host.name for host in self.control_plane)

    def text(self) -> str:
        """The shortest spec that says it: what stays at its default is left out."""
        return "\n".join([*_HEAD, *self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        yield from _given("name", self.name)
        yield from _given("domain", self.domain)
        yield from _group("endpoint", list(self._endpoint()))
        yield from _given("interface", self.interface, ClusterSpec.model_fields["interface"].default)
        yield from _group("load_balancers", [host.line() for host in self.load_balancers])
        yield from _group("control_plane", [host.line() for host in self.control_plane])
        yield from _group("workers", [host.line() for host in self.workers])
        yield from _group("failover", list(_given("profile", self.profile, Failover.model_fields["profile"].default)))
        yield from _group("kubernetes", list(self._networks6()))
        yield from _group("ssh", list(_given("user", self.ssh_user, Ssh.model_fields["user"].default)))
        yield from _given("secrets_file", self.secrets_file, ClusterSpec.model_fields["secrets_file"].default)

    def _networks6(self) -> Iterator[str]:
        """IPv6 networks for pods and services, where every node has IPv6, or one has nothing else."""
        nodes = (*self.control_plane, *self.workers)
        if any(":" in node.address for node in nodes) or (nodes and all(node.address6 for node in nodes)):
            yield f"pod_network6: {_scalar(POD_NETWORK6)}"
            yield f"service_network6: {_scalar(SERVICE_NETWORK6)}"

    def _endpoint(self) -> Iterator[str]:
        if not self.vips:
            return  # An endpoint without a virtual IP is a finding, and it is asked for first.
        if self.endpoint is not None:
            yield f"name: {_scalar(self.endpoint)} # must resolve to the virtual IP{'s' * (len(self.vips) > 1)} on every node"
        port = self.port or (SHARED_PORT if self.shares_machines else None)
        yield from _given("port", port, str(Endpoint.model_fields["port"].default))
        if len(self.vips) == 1:
            yield f"vip: {_scalar(self.vips[0])}"
        elif self.vips:
            yield from ("vips:", *(f"  - {_scalar(vip)}" for vip in self.vips))


_HEAD = (
    "# Written by `twinkeel init`. What is not here keeps its default: `twinkeel explain` shows every value in force,",
    "# and docs/spec.md has every key.",
)


def problems(before: Draft, after: Draft, group: str | None = None) -> list[Diagnostic]:
    """What one more answer makes wrong: findings that were not there before it, without what is still to be answered.

    Inside a `group` of hosts that is not complete yet, nothing is said about how many there are.
    """
    known = {(item.code, item.message) for item in _findings(before)}
    source = SourceFile("", after.text())
    return [
        item
        for item in _findings(after)
        if (item.code, item.message) not in known and not (group and item.span and source.line(item.span.line) == f"{group}:")
    ]


@lru_cache(maxsize=2)  # What is after one answer is before the next one.
def _findings(draft: Draft) -> tuple[Diagnostic, ...]:
    """What `check` says; a key that is missing is one that was not asked for yet."""
    if draft == Draft():
        return ()
    return tuple(item for item in load(SourceFile("twinkeel.yaml", draft.text())).diagnostics if item.code != "S011")


def _given(key: str, value: str | None, default: str | None = None) -> Iterator[str]:
    if value is not None and value != default:
        yield f"{key}: {_scalar(value)}"


def _group(key: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{key}:"
        yield from (f"  {line}" for line in lines)


# What every YAML reader takes as this text: words that begin with a letter, and IPv4 addresses.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*|[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?|[1-9][0-9]*", re.ASCII)
_READ_OTHERWISE = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _READ_OTHERWISE:
        return text
    return json.dumps(text, ensure_ascii=False)
