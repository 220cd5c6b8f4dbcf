"""What the keepalived.conf of a pair that somebody else set up does, and the spec does not say: it ends with a takeover."""

from collections.abc import Iterator
from ipaddress import ip_interface

from twinkeel.liveconfig.keepalived_file import INCLUDES, Statement, parse_keepalived
from twinkeel.source import SourceFile
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.model import LoadBalancer, Topology

# Blocks at the top of keepalived.conf that do something of their own, and that no spec of ours can say.
_OTHER_BLOCKS = ("virtual_server", "virtual_server_group", "static_ipaddress", "static_routes", "static_rules", "bfd_instance")
_VIP_BLOCKS = ("virtual_ipaddress", "virtual_ipaddress_excluded")


def foreign_keepalived(path: str, text: str, topology: Topology, balancer: LoadBalancer) -> Iterator[str]:
    """A sentence for each instance, address, script and block that the spec does not have, with its place, in the file's order."""
    found = sorted(_keepalived(parse_keepalived(SourceFile(path, text)).whole, topology, balancer), key=lambda each: each[0])
    return (f"{path}:{number}: {said}" for number, said in found)


def _keepalived(whole: Statement, topology: Topology, balancer: LoadBalancer) -> Iterator[tuple[int, str]]:
    vrids = {str(instance.vrid) for instance in balancer.instances}
    vips = {vip.ip for vip in topology.endpoint.vips}
    for each in whole.named(*INCLUDES):
        yield each.place.span.line, f"includes {each.value()}, which was not read"
    for instance in whole.named("vrrp_instance"):
        yield from _instance(instance, vrids, vips)
    for script in whole.named("vrrp_script", "vrrp_track_process", "track_file", "vrrp_track_file"):
        yield script.place.span.line, f"{script.keyword} {script.value()} runs no more: our own watchdog asks HAProxy"
    for each in whole.named(*_OTHER_BLOCKS):
        yield each.place.span.line, f"{' '.join(word.text for word in each.words)}, which the spec cannot say: it ends"
    for each in whole.named("global_defs"):
        yield from _notifies(each)


def _instance(instance: Statement, vrids: set[str], vips: set[IPAddress]) -> Iterator[tuple[int, str]]:
    held = list(_addresses(instance))
    for vrid in instance.named("virtual_router_id"):
        if vrid.value() not in vrids and any(address in vips for _, address in held):
            yield vrid.place.span.line, f"virtual router {vrid.value()} becomes {', '.join(sorted(vrids))}"
    for number, address in held:
        if address not in vips:
            yield number, f"{instance.value()} holds {address}, which is no virtual IP of the spec: nobody holds it any more"
    for each in instance.named("virtual_routes", "virtual_rules", "track_interface", "track_bfd"):
        yield each.place.span.line, f"{each.keyword} of {instance.value()}, which the spec does not say: it ends"
    yield from _notifies(instance)


def _notifies(block: Statement) -> Iterator[tuple[int, str]]:
    for each in block.block:
        if each.keyword.startswith(("notify", "smtp_alert")):
            yield each.place.span.line, f"{' '.join(word.text for word in each.words)}: it is not run any more"


def _addresses(instance: Statement) -> Iterator[tuple[int, IPAddress]]:
    for block in instance.named(*_VIP_BLOCKS):
        for each in block.block:
            try:
                yield each.place.span.line, ip_interface(each.keyword).ip
            except ValueError:
                continue
