"""A virtual IP without a prefix length."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    for word, vip in instance.vips:
        if "/" not in word.text:
            yield at(word, f"{word.text} has no prefix length: it is added as {vip}")


RULE = Rule(
    name="vip-without-prefix",
    severity="warning",
    what="a virtual IP without a prefix length.",
    why="Keepalived adds it as a /32 (/128). That works, until a script, a firewall or NetworkManager expects the "
    "segment's own length, and changing it later takes the address away for a moment: it is deleted and added.",
    fix="write the segment's: `192.168.1.110/24`; write /32 where it is meant",
    source="keepalived.conf(5); Keepalived 2.2.7, 2.3.3 and 2.3.4, run",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        «192.168.1.110»
    }
}
"""
    ),
    good=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/32 dev eth0
    }
}
"""
    ),
    check=each_instance(check),
)
