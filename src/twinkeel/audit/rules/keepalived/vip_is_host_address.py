"""A virtual IP that a host has for its own."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    hosts = {word.text.partition("/")[0]: word for word in (instance.source, *instance.peers) if word is not None}
    for word, vip in instance.vips:
        taken = hosts.get(str(vip.ip))
        if taken is not None:
            yield at(word, f"{vip.ip} is a load balancer's own address", (taken.place, "here"))


RULE = Rule(
    name="vip-is-host-address",
    severity="error",
    what="a virtual IP that is also a load balancer's own address (`unicast_src_ip`, `unicast_peer`).",
    why="The host answers for it whether it holds it or not, and Keepalived takes it away from the host when the instance "
    "becomes a backup: the host is then unreachable.",
    fix="a free address of the segment",
    source="RFC 9568, 6.1",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    unicast_src_ip 192.168.1.111
    unicast_peer {
        192.168.1.112
    }
    virtual_ipaddress {
        «192.168.1.112/24»
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
    unicast_src_ip 192.168.1.111
    unicast_peer {
        192.168.1.112
    }
    virtual_ipaddress {
        192.168.1.11/24
    }
}
"""
    ),
    check=each_instance(check),
)
