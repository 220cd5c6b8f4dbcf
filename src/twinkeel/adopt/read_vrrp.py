"""The endpoint's virtual IPs and `failover`, from keepalived.conf. Pure."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_interface, ip_network
from typing import Any

from twinkeel.adopt.draft import Draft
from twinkeel.adopt.notes import SecretFound
from twinkeel.adopt.read_balancers import FoundBalancer
from twinkeel.adopt.vips import FoundVip
from twinkeel.audit.effective import full_priority
from twinkeel.liveconfig.keepalived.model import Instance
from twinkeel.topology.profiles import SHARED_FAILBACK

_PASSWORD = re.compile(r"[A-Za-z0-9%&()*+,./:;<=>?^_|-]{1,8}", re.ASCII)
_KEY = re.compile(r"(?:[0-9A-Fa-f]{2}){32,64}")
_LIKELY = {4: 24, 6: 64}


def write_vips(draft: Draft, vips: Sequence[FoundVip], balancers: Sequence[FoundBalancer]) -> None:
    """`endpoint.vip` or `endpoint.vips`."""
    entries = [_entry(draft, vip, vips, balancers) for vip in vips]
    if len(entries) == 1:
        draft.set("endpoint", "vip", value=entries[0])
    else:
        draft.set("endpoint", "vips", value=entries)


def _entry(draft: Draft, vip: FoundVip, vips: Sequence[FoundVip], balancers: Sequence[FoundBalancer]) -> dict[str, Any]:
    address, routed = _with_prefix(draft, vip, balancers)
    entry: dict[str, Any] = {"address": address}
    vrid = _vrid(draft, vip, vips)
    entry |= {"vrid": vrid} if vrid else {}
    hop = vip.first.next_hop if routed else None
    entry |= _carrier(vip, balancers) | ({"routed": True} if routed else {})
    return entry | ({"next_hop": str(hop)} if hop else {})


def _with_prefix(draft: Draft, vip: FoundVip, balancers: Sequence[FoundBalancer]) -> tuple[str, bool]:
    given = next((text for text in draft.given.vips if ip_interface(text).ip == vip.address), None)
    if given is not None:
        return given, ip_interface(given).network.prefixlen == vip.address.max_prefixlen
    written = next((holder for holder in vip.holders.values() if holder.has_prefix), None)
    if written is not None:
        return str(written.written), False
    others = [each.addresses[vip.address.version] for each in balancers if vip.address.version in each.addresses]
    length = _LIKELY[vip.address.version]
    near = ip_network(f"{vip.address}/{length}", strict=False)
    if draft.ours or vip.first.next_hop or not others or not all(other in near for other in others):
        # Written by us, or of another network than the load balancers: it is routed to them, as /32 says.
        return f"{vip.address}/{vip.address.max_prefixlen}", True
    why = f"{vip.first.place}: no prefix length of a subnet is written there, so Keepalived sets /{vip.address.max_prefixlen}"
    draft.assume("endpoint.vip", f"{vip.address}/{length}", why, f"--vip {vip.address}/PREFIX")
    return f"{vip.address}/{length}", False


def _vrid(draft: Draft, vip: FoundVip, vips: Sequence[FoundVip]) -> int | None:
    """The number that the files have; None where a spec cannot have it, or another virtual IP of the same instance has it."""
    vrid = vip.first.instance.vrid
    if vrid is None or not 2 <= vrid <= 255:
        for line in filter(None, (holder.instance.line("virtual_router_id") for holder in vip.holders.values())):
            why = "a spec takes 2 to 255: 1 is what many examples have"
            draft.explain(line.place, why, "a number made from the name and the address; both load balancers change together")
        return None
    earlier = vips[: vips.index(vip)]
    same = next((other for other in earlier if other.first.instance.vrid == vrid), None)
    if same is None:
        return vrid
    draft.explain(vip.first.place, f"one instance holds it and {same.address}", "an instance and a router ID for each virtual IP")
    return None


def _carrier(vip: FoundVip, balancers: Sequence[FoundBalancer]) -> dict[str, Any]:
    """The interface that carries it, where it is another one than the advertisements'."""
    carriers = {
        each.name: vip.holders[each.place].carrier for each in balancers if each.place in vip.holders and each.place is not None
    }
    if all(carriers.get(each.name, each.interface) == each.interface for each in balancers):
        return {}
    if len(set(carriers.values())) == 1:
        return {"interface": next(iter(carriers.values()))}
    return {"interfaces": carriers}


def write_failover(draft: Draft, vips: Sequence[FoundVip], balancers: Sequence[FoundBalancer]) -> dict[str, Any]:
    """What VRRP decides in `failover`; the advertisement interval is returned with the checks' timers, for a profile to match."""
    first = vips[0].first.instance
    version = _version(vips)
    if not first.peers and len(balancers) > 1:
        draft.set("failover", "transport", value="multicast")
    if version == 2:
        draft.set("failover", "vrrp_version", value=2)
    _authentication(draft, first, version)
    back = _failback(vips)
    if back is not None:
        draft.set("failover", "failback", value=back)
    return dict(_interval(draft, first, version))


def _version(vips: Sequence[FoundVip]) -> int:
    ipv4 = [vip.first.instance.version for vip in vips if vip.address.version == 4]
    return 2 if ipv4 and all(version == 2 for version in ipv4) and len(ipv4) == len(vips) else 3


def _interval(draft: Draft, first: Instance, version: int) -> Iterator[tuple[str, Any]]:
    interval = first.advert_int
    fits = max(round(interval), 1) if version == 2 else min(max(round(interval, 2), 0.01), 40.95)
    line = first.line("advert_int")
    if fits != interval and line is not None:
        draft.explain(line.place, f"VRRP version {version} cannot say it", f"failover.advert_interval: {fits}")
    yield "advert_interval", fits


def _authentication(draft: Draft, first: Instance, version: int) -> None:
    signed = first.line("auth_hmac")
    active = signed.last("active_key") if signed else None
    key = next((line for line in signed.named("key") if active and line.value() == active.value()), None) if signed else None
    if key is not None:
        secret = key.value(2).removeprefix("hex:")
        draft.set("failover", "authentication", value="hmac")
        draft.set("keepalived", "version", value="2.4")
        usable = key.value(2).startswith("hex:") and _KEY.fullmatch(secret) is not None
        draft.needed.append(
            SecretFound("vrrp_key", "TWINKEEL_VRRP_KEY", key.place, "" if usable else "it is no key of 64 to 128 hex digits")
        )
        if usable:
            draft.secret(vrrp_key=secret)
        return
    block = first.authentication
    kind, password = (block.last("auth_type"), block.last("auth_pass")) if block else (None, None)
    if version != 2 or kind is None or kind.value() != "PASS" or password is None:
        return
    draft.set("failover", "authentication", value="password")
    # Keepalived itself takes eight characters and drops the rest.
    secret = password.value()[:8]
    usable = _PASSWORD.fullmatch(secret) is not None
    why = "" if usable else "it has characters that a spec's password cannot have"
    draft.needed.append(SecretFound("vrrp_password", "TWINKEEL_VRRP_PASSWORD", password.place, why))
    if usable:
        draft.secret(vrrp_password=secret)


def _failback(vips: Sequence[FoundVip]) -> float | str | None:
    """None where the spec's own default says the same."""
    kinds = [vip.address.version for vip in vips]
    own = [_failback_of(vip) for vip in vips]
    usual = [SHARED_FAILBACK if kinds.count(kind) > 1 else None for kind in kinds]
    if own == usual:
        return None
    return "never" if own[0] is None else own[0]


def _failback_of(vip: FoundVip) -> float | None:
    """Seconds; None for never. Nobody takes an address from an equal priority, whatever else is said."""
    instances = [holder.instance for holder in vip.holders.values()]
    best = max(instances, key=full_priority)
    equal = len(instances) > 1 and len({full_priority(each) for each in instances}) == 1
    return None if best.nopreempt or equal else best.preempt_delay
