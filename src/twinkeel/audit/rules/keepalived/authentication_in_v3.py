"""A password that VRRP version 3 does not have."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    block = instance.authentication
    if block is not None and instance.version == 3:
        yield at(block.words[0], "VRRP version 3 has no authentication: Keepalived leaves the password out")


RULE = Rule(
    name="authentication-in-v3",
    severity="warning",
    what="an `authentication` block in an instance of VRRP version 3.",
    why="It protects nothing, and reads as though it did. Any host of the segment may advertise itself.",
    fix="take it away; use unicast peers, and a firewall that lets protocol 112 in from them alone",
    source="RFC 9568, 8.4; Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    version 3
    interface eth0
    virtual_router_id 71
    priority 200
    «authentication» {
        auth_type PASS
        auth_pass secret
    }
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
        checker_complains=True,
    ),
    good=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    authentication {
        auth_type PASS
        auth_pass secret
    }
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
