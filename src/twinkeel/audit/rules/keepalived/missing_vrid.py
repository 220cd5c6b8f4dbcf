"""An instance without a virtual router id."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    if not instance.has("virtual_router_id"):
        yield Finding(f"{instance.name} has no virtual_router_id: Keepalived leaves it out", instance.statement.place)


RULE = Rule(
    name="missing-vrid",
    severity="error",
    what="a `vrrp_instance` without `virtual_router_id`.",
    why="Keepalived logs it and drops the instance: nobody holds its addresses.",
    fix="a number from 2 to 255, the same on both hosts",
    source="Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
«vrrp_instance api» {
    interface eth0
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
        checker_complains=True,
    ),
    good=Example(
        keepalived="""\
$ID=71
vrrp_instance api {
    interface eth0
    virtual_router_id ${ID}
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
