"""What the keepalived.conf of a pair that somebody else set up does, and the rendered one does not: it ends with a takeover."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_interface

from twinkeel.liveconfig.keepalived.file import INCLUDES, Statement, parse_keepalived
from twinkeel.observe.ending import Ending
from twinkeel.source import SourceFile
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.model import LoadBalancer, Topology

# Blocks at the top of keepalived.conf that do something of their own, and that no key of the spec but keepalived.extra can say.
_OTHER_BLOCKS = ("virtual_server", "virtual_server_group", "static_ipaddress", "static_routes", "static_rules", "bfd_instance")
_VIP_BLOCKS = ("virtual_ipaddress", "virtual_ipaddress_excluded")
_SCRIPTS = ("vrrp_script", "vrrp_track_process", "track_file", "vrrp_track_file")

Found = tuple[int, str, bool]
"""Line, what ends, whether something of ours replaces it."""


@dataclass(frozen=True)
class _Ours:
    """What the rendered file has: raw lines of `keepalived.extra` keep what the spec has no key for."""

    vrids: frozenset[str]
    vips: frozenset[IPAddress]
    statements: frozenset[str]
    addresses: frozenset[IPAddress]


def foreign_keepalived(path: str, text: str, rendered: str, topology: Topology, balancer: LoadBalancer) -> Iterator[Ending]:
    """Each instance, address, script and block that the `rendered` file has not, in the order of the foreign file's lines."""
    root = parse_keepalived(SourceFile("", rendered)).root
    ours = _Ours(
        vrids=frozenset(str(instance.vrid) for instance in balancer.instances),
        vips=frozenset(vip.ip for vip in topology.endpoint.vips),
        statements=frozenset(_every_statement(root)),
        addresses=frozenset(address for instance in root.named("vrrp_instance") for _, address in _addresses(instance)),
    )
    found = sorted(_keepalived(parse_keepalived(SourceFile(path, text)).root, ours), key=lambda each: each[0])
    return (Ending(f"{path}:{number}", what, replaced) for number, what, replaced in found)


def _keepalived(root: Statement, ours: _Ours) -> Iterator[Found]:
    for each in root.named(*INCLUDES):
        yield each.place.span.line, f"includes {each.value()}, which was not read", False
    for instance in root.named("vrrp_instance"):
        yield from _instance(instance, ours)
    for script in root.named(*_SCRIPTS):
        if _normalized(script) not in ours.statements:
            yield script.place.span.line, f"{script.keyword} {script.value()} runs no more: our own watchdog asks HAProxy", True
    for each in root.named(*_OTHER_BLOCKS):
        if _normalized(each) not in ours.statements:
            yield each.place.span.line, f"{_words(each)}, which the spec does not say: it ends", False
    for each in root.named("global_defs"):
        yield from _notifies(each, ours)


def _instance(instance: Statement, ours: _Ours) -> Iterator[Found]:
    held = list(_addresses(instance))
    for vrid in instance.named("virtual_router_id"):
        if vrid.value() not in ours.vrids and any(address in ours.vips for _, address in held):
            yield vrid.place.span.line, f"virtual router {vrid.value()} becomes {', '.join(sorted(ours.vrids))}", True
    for number, address in held:
        if address not in ours.addresses:
            yield number, f"{instance.value()} holds {address}, which is no virtual IP of the spec: nobody holds it any more", False
    for each in instance.named("virtual_routes", "virtual_rules", "track_interface", "track_bfd"):
        if _normalized(each) not in ours.statements:
            yield each.place.span.line, f"{each.keyword} of {instance.value()}, which the spec does not say: it ends", False
    yield from _notifies(instance, ours)


def _notifies(block: Statement, ours: _Ours) -> Iterator[Found]:
    for each in block.block:
        if each.keyword.startswith(("notify", "smtp_alert")) and _normalized(each) not in ours.statements:
            yield each.place.span.line, f"{_words(each)}: it is not run any more", False


def _addresses(instance: Statement) -> Iterator[tuple[int, IPAddress]]:
    for block in instance.named(*_VIP_BLOCKS):
        for each in block.block:
            try:
                yield each.place.span.line, ip_interface(each.keyword).ip
            except ValueError:
                continue


def _every_statement(block: Statement) -> Iterator[str]:
    for each in block.block:
        yield _normalized(each)
        yield from _every_statement(each)


def _normalized(statement: Statement) -> str:
    """A statement with its block, however it is laid out."""
    inside = " ".join(_normalized(each) for each in statement.block)
    return f"{_words(statement)} {{ {inside} }}" if statement.block else _words(statement)


def _words(statement: Statement) -> str:
    return " ".join(word.text for word in statement.words)
