"""Hosts that an audit reads over SSH: a spec's load balancers, or SSH destinations where there is no spec. Nothing is changed."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from pathlib import Path

from twinkeel.app.context import SSH_VARIABLES, Context
from twinkeel.app.hosts import ClusterHosts, PlainHosts
from twinkeel.audit.pair import Host
from twinkeel.errors import UsageError
from twinkeel.observe.live_files.configuration import LiveConfiguration
from twinkeel.observe.live_files.read_live import host_of, read_live
from twinkeel.topology.model import Machine, SshAccess

HINT = "a destination is HOST, USER@HOST, HOST:PORT or [IPv6]:PORT; with -f it is the name of a load balancer"
HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class LiveHosts:
    """The hosts as an audit takes them, what could not be read of them, and the versions of their programs."""

    hosts: tuple[Host, ...]
    notes: tuple[tuple[str, str], ...]
    versions: dict[str, dict[str, str]]


async def read_hosts(names: Sequence[str], context: Context | None) -> LiveHosts:
    """The hosts of these names: of the spec (all of its load balancers when none is named), or SSH destinations without one.

    Raises:
        UsageError: a name means nothing, is given twice, or a host has neither configuration.
        HostError: a host cannot be asked. A pair is never evaluated by what is left of it.
    """
    machines = destinations(names, os.environ) if context is None else _once(_load_balancers(names, context))
    hosts = PlainHosts().reading() if context is None else ClusterHosts(context).reading()
    async with hosts as reader:
        found = await asyncio.gather(*(read_live(reader, machine) for machine in machines))
    return as_audited(found)


def destinations(names: Sequence[str], environment: Mapping[str, str]) -> list[Machine]:
    """The hosts at SSH destinations. Raises UsageError for what is none, and for one that is named twice."""
    return _once([destination(name, environment) for name in names])


def _once(machines: list[Machine]) -> list[Machine]:
    twice = {machine.name for machine in machines if [each.name for each in machines].count(machine.name) > 1}
    if twice:
        raise UsageError(f"the host {min(twice)} is named twice")
    return machines


def destination(text: str, environment: Mapping[str, str]) -> Machine:
    """The host that a destination of SSH stands for. What it does not say is left to ssh's own configuration."""
    user, _, place = text.removeprefix("ssh://").rpartition("@")
    host, port = _host_and_port(place)
    if not host or host.startswith("-") or any(char.isspace() or char in "/@" for char in f"{user}{host}"):
        raise UsageError(f"{text!r} is no SSH destination", hint=HINT)
    given = {field: str(Path(environment[name]).absolute()) for name, field in SSH_VARIABLES.items() if environment.get(name)}
    access = SshAccess(user, port, given.get("identity_file"), given.get("known_hosts_file"), destination=host)
    try:
        address = ip_address(host)
    except ValueError:
        # Only ssh knows where a name leads; nothing else asks for the address of a host without a spec.
        address = IPv4Address(0)
    name = place if port else host
    return Machine(name, host, address, "", ("load_balancer",), access)


def _host_and_port(place: str) -> tuple[str, int]:
    """Port 0 where none is given."""
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        port = rest.removeprefix(":")
    elif place.count(":") == 1:
        host, _, port = place.partition(":")
        port = port or "none"
    else:
        host, port = place, ""
    if port and not (port.isdecimal() and 0 < int(port) <= HIGHEST_PORT):
        raise UsageError(f"{port!r} is no port", where=place, hint=HINT)
    return host, int(port or 0)


def _load_balancers(names: Sequence[str], context: Context) -> list[Machine]:
    machines = [balancer.machine for balancer in context.topology.load_balancers]
    if not names:
        return machines
    by_name = {name: machine for machine in machines for name in (machine.name, machine.fqdn)}
    unknown = next((name for name in names if name not in by_name), None)
    if unknown is not None:
        known = ", ".join(machine.name for machine in machines)
        raise UsageError(f"the spec has no load balancer {unknown!r}", where=str(context.file), hint=f"there are {known}")
    return [by_name[name] for name in names]


def as_audited(found: Sequence[LiveConfiguration]) -> LiveHosts:
    """As the audit takes hosts. Raises UsageError for one without any configuration."""
    hosts = tuple(host_of(live) for live in found)
    notes = dict.fromkeys(note for live in found for note in live.notes)
    versions = {live.machine.name: live.versions for live in found}
    return LiveHosts(hosts, tuple(notes), versions)
