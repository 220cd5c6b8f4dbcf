"""An instance without a priority."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.liveconfig.keepalived.model import DEFAULT_PRIORITY, Instance


def check(instance: Instance) -> Iterator[Finding]:
    if not instance.has("priority"):
        yield Finding(
            f"{instance.name} says no priority: it has {DEFAULT_PRIORITY}, as every other one that says none",
            instance.statement.place,
        )


RULE = Rule(
    name="missing-priority",
    severity="warning",
    what="a `vrrp_instance` without `priority`.",
    why="Both hosts then have 100, and who holds the address is decided by who has the higher address, or who started first.",
    fix="say it: 254 on one host and 253 on the other (high ones make each planned move faster)",
    source="keepalived.conf(5); RFC 9568, 6.1",
    bad=Example(
        keepalived="""\
«vrrp_instance api» {
    interface eth0
    virtual_router_id 71
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    good=Example(
        keepalived="""\
$PRIORITY=200
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority $PRIORITY
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
