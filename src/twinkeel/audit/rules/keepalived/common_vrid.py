"""A virtual router id that everyone's examples use."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance

_COMMON = (1, 51)


def check(instance: Instance) -> Iterator[Finding]:
    line = instance.line("virtual_router_id")
    if line is not None and instance.vrid in _COMMON and len(line.words) > 1:
        yield at(
            line.words[1], f"virtual router {instance.vrid} is what examples use: another pair on the segment may have it, too"
        )


RULE = Rule(
    name="common-vrid",
    severity="warning",
    what="`virtual_router_id` 1 or 51.",
    why="Two pairs with one id on one segment take each other's advertisements for their own, log errors for ever, and "
    "with the same password or none take each other's addresses away. 51 is in Keepalived's own sample, and k0s and "
    "many articles have copied it.",
    fix="another number from 2 to 255 that is not in use on the segment (`tcpdump -n proto 112` shows those that are)",
    source="RFC 9568, 5.2.3",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    state BACKUP
    interface eth0
    virtual_router_id «51»
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    good=Example(
        keepalived="""\
vrrp_instance api {
    state BACKUP
    interface eth0
    virtual_router_id 151
    priority 51
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
