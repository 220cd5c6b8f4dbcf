"""An address that only one host of the pair can hold."""

from collections.abc import Iterator

from twinkeel.audit.pair import Pair
from twinkeel.audit.partners import lone_instances
from twinkeel.audit.rule import Example, Finding, Rule


def check(pair: Pair) -> Iterator[Finding]:
    hosts = [host for host in pair.hosts if host.keepalived is not None]
    for host in hosts if len(hosts) > 1 else ():
        for instance in lone_instances(pair, host):
            message = f"no other host has virtual router {instance.vrid} or its addresses: when {host.name} is lost, they are"
            yield Finding(message, instance.statement.place)


RULE = Rule(
    name="lone-instance",
    severity="error",
    what="a `vrrp_instance` that only one of the given hosts has.",
    why="There is nobody to take over. The address is down for as long as its host is.",
    fix="the same instance on the other host",
    source="RFC 9568, 1",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
«vrrp_instance ingress» {
    interface eth0
    virtual_router_id 72
    priority 200
    virtual_ipaddress {
        192.168.1.111/24
    }
}
""",
        peer_keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 199
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
    ),
    good=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
        peer_keepalived="""\
vrrp_instance kubernetes {
    interface eth0
    virtual_router_id 71
    priority 199
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
    ),
    check=check,
)
