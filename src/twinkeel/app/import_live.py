"""A pair that an import reads from its live hosts over SSH, with what only a live host knows: its addresses. Nothing is changed."""

import asyncio
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from twinkeel.adopt.notes import Given, NewAddresses
from twinkeel.adopt.own_marks import TRACES
from twinkeel.adopt.pair_files import Files
from twinkeel.adopt.vips import FoundVip, find_vips
from twinkeel.app.audit_live import as_audited, destinations
from twinkeel.app.hosts import PlainHosts
from twinkeel.audit.pair import Host, Pair
from twinkeel.hosts.executor import Reader
from twinkeel.observe.live_files.configuration import LiveConfiguration
from twinkeel.observe.live_files.read_live import read_live
from twinkeel.observe.remote_files import read_remote
from twinkeel.topology.model import Machine

_ADDRESSES = ("ip", "-json", "address", "show")
Interface = IPv4Interface | IPv6Interface


@dataclass(frozen=True, slots=True)
class LivePair:
    """The pair, other files of ours on its hosts, and the addresses of each host by interface, all by the host's short name."""

    pair: Pair
    files: Files
    addresses: Mapping[str, Mapping[str, tuple[Interface, ...]]]


async def read_live_pair(names: Sequence[str]) -> LivePair:
    """The hosts at these SSH destinations.

    Raises:
        UsageError: a name means nothing, is given twice, or a host has neither configuration.
        HostError: a host cannot be asked.
    """
    machines = destinations(names, os.environ)
    async with PlainHosts().reading() as reader:
        live = await asyncio.gather(*(read_live(reader, machine) for machine in machines))
        texts = await asyncio.gather(*(_traces(reader, machine) for machine in machines))
        outputs = await asyncio.gather(*(reader.run(machine, _ADDRESSES) for machine in machines))
    found = as_audited(live)
    called = [_short_name(each) for each in live]
    hosts = tuple(replace(host, name=name) for host, name in zip(found.hosts, called, strict=True))
    addresses = {name: dict(_by_interface(each.stdout)) for name, each in zip(called, outputs, strict=True)}
    return LivePair(Pair(hosts, found.notes), dict(zip(called, texts, strict=True)), addresses)


def with_addresses(given: Given, live: LivePair) -> Given:
    """What the user says, and where he does not: the hosts' own addresses, and the prefix lengths of virtual IPs."""
    vips = find_vips(live.pair.hosts)
    own = {host.name: _own(host, live.addresses[host.name], vips) for host in live.pair.hosts}
    found = {name: NewAddresses(*texts) for name, texts in own.items() if texts}
    stated = {text.partition("/")[0] for text in given.vips}
    lengths = tuple(text for vip in vips if str(vip.address) not in stated for text in _with_length(vip, live.addresses))
    return replace(given, load_balancers={**found, **given.load_balancers}, vips=(*given.vips, *lengths))


def _short_name(live: LiveConfiguration) -> str:
    """As the host calls itself; an SSH destination may be an address."""
    return live.node.partition(".")[0] or live.machine.name


async def _traces(reader: Reader, machine: Machine) -> dict[str, str]:
    return {each.path: each.source.text for each in await read_remote(reader, machine, TRACES) if each.source}


def _by_interface(text: str) -> Iterator[tuple[str, tuple[Interface, ...]]]:
    """From the JSON of ip(8); nothing where it is none. Addresses of the host or the link alone are left out."""
    try:
        links = json.loads(text)
    except ValueError:
        return
    for link in links:
        written = (f"{each['local']}/{each['prefixlen']}" for each in link.get("addr_info", ()) if each.get("scope") == "global")
        yield link["ifname"], tuple(ip_interface(each) for each in written)


def _own(host: Host, addresses: Mapping[str, tuple[Interface, ...]], vips: Sequence[FoundVip]) -> tuple[str, ...]:
    """Its IPv4 and then its IPv6 address on the virtual IPs' interface, in their network where there are several."""
    virtual = {vip.address for vip in vips}
    named = dict.fromkeys(instance.interface for instance in host.instances if instance.interface)
    there = [each for name in named for each in addresses.get(name, ()) if each.ip not in virtual]
    chosen = []
    for version in (4, 6):
        kind = [each for each in there if each.version == version and any(vip.address.version == version for vip in vips)]
        near = [each for each in kind if any(vip.address in each.network for vip in vips)]
        chosen += [str(each.ip) for each in (near or kind)[:1]]
    return tuple(chosen)


def _with_length(vip: FoundVip, addresses: Mapping[str, Mapping[str, tuple[Interface, ...]]]) -> Iterator[str]:
    """The virtual IP with the length of the network that it is in, where no file has one."""
    if vip.first.has_prefix:
        return
    every = (each for links in addresses.values() for here in links.values() for each in here if each.ip != vip.address)
    lengths = dict.fromkeys(each.network.prefixlen for each in every if vip.address in each.network)
    if len(lengths) == 1:
        yield f"{vip.address}/{next(iter(lengths))}"
