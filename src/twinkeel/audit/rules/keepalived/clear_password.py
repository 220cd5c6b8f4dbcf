"""A password that everyone on the segment can read."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    block = instance.authentication
    line = block.last("auth_type") if block else None
    if line is not None and line.value().upper() == "PASS" and instance.version == 2 and not instance.peers:
        yield Finding("the password goes out in clear text, by multicast, with every advertisement", line.place)


RULE = Rule(
    name="clear-password",
    severity="info",
    what="`auth_type PASS` with multicast.",
    why="Any host of the segment reads it and may then take the address with priority 255. It keeps out slips, no attackers.",
    fix="unicast peers, `unicast_ttl 255`, and a firewall that lets protocol 112 in from them alone",
    source="RFC 3768, 10",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    authentication {
        «auth_type PASS»
        auth_pass secret
    }
    virtual_ipaddress {
        192.168.1.110/24
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
    authentication {
        auth_type PASS
        auth_pass secret
    }
    unicast_src_ip 192.168.1.111
    unicast_peer {
        192.168.1.112
    }
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
