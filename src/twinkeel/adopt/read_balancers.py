"""Load balancers: what they are called, their addresses and interfaces, and who comes first. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from twinkeel.adopt.draft import Draft, host_name
from twinkeel.adopt.notes import Missing
from twinkeel.adopt.own_marks import head_of
from twinkeel.adopt.vips import FoundVip
from twinkeel.audit.effective import full_priority
from twinkeel.audit.pair import Host
from twinkeel.liveconfig.words import Word
from twinkeel.spec.fields import IPAddress

_OPTION = "--load-balancer NAME=ADDRESS"


@dataclass
class FoundBalancer:
    """One load balancer; `place` is that of its files among the pair's hosts, None for one that is only named as a peer.

    `link` is where it advertises, where that is an address and an interface beside its own.
    """

    name: str
    place: int | None
    addresses: dict[int, IPAddress] = field(default_factory=dict)
    interface: str = ""
    link: tuple[IPAddress, str] | None = None


def read_balancers(
    draft: Draft, hosts: tuple[Host, ...], vips: Sequence[FoundVip], own: Mapping[int, IPAddress]
) -> list[FoundBalancer]:
    """The load balancers in the spec's order: the one that the first virtual IP prefers comes first.

    `own` are the hosts' own addresses by place, as far as other lines tell them: advertisements may come from a link beside them.
    """
    found = [FoundBalancer(name, place) for place, name in enumerate(_names(draft, hosts))]
    _own_addresses(found, vips)
    _addresses_by_peers(found, vips)
    found += _partners(draft, found, vips)
    for each in found:
        each.interface = _interface(each, vips)
        if each.place is not None and each.place in own:
            _own(each, own[each.place], vips)
    _given_addresses(draft, found, vips)
    if any(each.link for each in found):
        for each in (one for one in found if one.link is None):
            draft.missing.append(Missing(f"the own address of {each.name}, beside that of its VRRP link", _OPTION))
    return sorted(found, key=lambda each: -_priority(each, vips))


def write_balancers(draft: Draft, found: Sequence[FoundBalancer], vips: Sequence[FoundVip]) -> dict[str, dict[str, Any]]:
    """`interface` and `load_balancers` in the draft; each host's entry, for its other roles."""
    versions = sorted({vip.address.version for vip in vips})
    named = Counter(each.interface for each in found if each.interface)
    common = named.most_common(1)[0][0] if named else ""
    if common:
        draft.set("interface", value=common)
    entries = {each.name: dict(_entry(draft, each, versions, common)) for each in found}
    for name, entry in entries.items():
        draft.set("load_balancers", name, value=entry)
    return entries


def _entry(draft: Draft, each: FoundBalancer, versions: Sequence[int], common: str) -> Iterator[tuple[str, Any]]:
    lacking = [version for version in versions if version not in each.addresses]
    if lacking:
        kinds = " and ".join(f"IPv{version}" for version in lacking)
        draft.missing.append(Missing(f"the {kinds} address of {each.name}", f"{_OPTION}{',ADDRESS6' * (6 in lacking)}"))
    kept = [str(each.addresses[version]) for version in sorted(each.addresses)]
    yield from zip(("address", "address6"), kept, strict=False)
    if each.interface and each.interface != common:
        yield "interface", each.interface
    if each.link:
        yield "vrrp_address", str(each.link[0])
        yield "vrrp_interface", each.link[1]


def _names(draft: Draft, hosts: tuple[Host, ...]) -> Iterator[str]:
    taken: set[str] = set()
    for place, host in enumerate(hosts, 1):
        name = _name(host)
        if not name or name in taken:
            name = _free(f"lb-{place}", taken)
            draft.assume(f"load_balancers.{name}", name, f"the folder {host.name} does not say how the host is called", _OPTION)
        taken.add(name)
        yield name


def _name(host: Host) -> str:
    """As the head of our own files says it, else the folder's name."""
    heads = (head_of(source) for source in (host.haproxy.file.sources if host.haproxy else ()))
    head = next((each for each in heads if each), None)
    return head.machine if head else host_name(host.name)


def _free(name: str, taken: set[str]) -> str:
    number = 1
    while name in taken:
        number += 1
        name = f"lb-{number}"
    return name


def _own_addresses(found: Sequence[FoundBalancer], vips: Sequence[FoundVip]) -> None:
    for vip in vips:
        for place, holder in vip.holders.items():
            address = _address(holder.instance.source)
            if address is not None:
                found[place].addresses.setdefault(address.version, address)


def _addresses_by_peers(found: Sequence[FoundBalancer], vips: Sequence[FoundVip]) -> None:
    """The one peer that nobody is known to be is the one host whose own address is not said."""
    for version in (4, 6):
        unnamed = [each for each in found if version not in each.addresses and any(each.place in vip.holders for vip in vips)]
        free = _unclaimed(found, vips, version)
        if len(unnamed) == 1 and len(free) == 1:
            unnamed[0].addresses[version] = free[0]


def _partners(draft: Draft, found: Sequence[FoundBalancer], vips: Sequence[FoundVip]) -> list[FoundBalancer]:
    """Peers whose files are not here. Which addresses of both kinds are one host's is known only where there is one of each."""
    partners: list[FoundBalancer] = []
    taken = {each.name for each in found}
    free6 = _unclaimed(found, vips, 6)
    free4 = _unclaimed(found, vips, 4)
    for address in free4 or free6:
        partner = FoundBalancer(_free("lb-1", taken), None, {address.version: address})
        if address.version == 4 and len(free4) == len(free6) == 1:
            partner.addresses[6] = free6[0]
        taken.add(partner.name)
        partners.append(partner)
        draft.assume(f"load_balancers.{partner.name}", address, "it is a peer, and its files are not here", "name its folder, too")
    return partners


def _unclaimed(found: Sequence[FoundBalancer], vips: Sequence[FoundVip], version: int) -> list[IPAddress]:
    claimed = {address for each in found for address in each.addresses.values()}
    peers = (_address(peer) for vip in vips for holder in vip.holders.values() for peer in holder.instance.peers)
    return list(dict.fromkeys(each for each in peers if each is not None and each.version == version and each not in claimed))


def _own(each: FoundBalancer, address: IPAddress, vips: Sequence[FoundVip]) -> None:
    """A host's own address. Advertisements of another address of its kind then go over a link of their own."""
    source = each.addresses.get(address.version)
    kind = [vip for vip in vips if vip.address.version == address.version]
    holders = [vip.holders[each.place] for vip in kind if each.place is not None and each.place in vip.holders]
    if source is not None and source != address and holders and holders[0].instance.source is not None:
        each.link = (source, each.interface)
        each.interface = holders[0].carrier
    each.addresses[address.version] = address


def _given_addresses(draft: Draft, found: list[FoundBalancer], vips: Sequence[FoundVip]) -> None:
    by_name: Mapping[str, FoundBalancer] = {each.name: each for each in found}
    for name, given in draft.given.load_balancers.items():
        # A name that no file has belongs to the one address that is the same.
        each = by_name.get(name) or next((one for one in found if given.address in map(str, one.addresses.values())), None)
        if each is None and len([one for one in found if one.place is not None]) == 1:
            # One host's files: the user knows its partner, or what the host itself is called.
            each = next((one for one in found if not one.addresses), None) or FoundBalancer(name, None)
            found += [each] if each not in found else []
        if each is None:
            draft.missing.append(Missing(f"a load balancer called {name}", f"--load-balancer takes: {', '.join(by_name)}"))
            continue
        each.name = name
        for text in filter(None, (given.address, given.address6)):
            _own(each, ip_address(text), vips)


def _interface(each: FoundBalancer, vips: Sequence[FoundVip]) -> str:
    holders = (vip.holders[each.place] for vip in vips if each.place in vip.holders and each.place is not None)
    return next((holder.instance.interface for holder in holders if holder.instance.interface), "")


def _priority(each: FoundBalancer, vips: Sequence[FoundVip]) -> int:
    if each.place is None or not vips or each.place not in vips[0].holders:
        return 0
    return full_priority(vips[0].holders[each.place].instance)


def _address(word: Word | None) -> IPAddress | None:
    try:
        return ip_address(word.text) if word else None
    except ValueError:
        return None
