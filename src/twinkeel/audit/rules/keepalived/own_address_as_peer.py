"""A host that is its own peer."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    source = instance.source
    for peer in instance.peers if source else ():
        if source and peer.text.partition("/")[0] == source.text:
            yield at(peer, f"{peer.text} is this host itself", (source.place, "its own address"))


RULE = Rule(
    name="own-address-as-peer",
    severity="error",
    what="an address in `unicast_peer` that is the host's own `unicast_src_ip`.",
    why="One file was copied to both hosts. At least one of them sends its advertisements to itself, so the other one "
    "hears nothing: both hold the address.",
    fix="name the *other* hosts; `@HOST` conditions keep one file for both",
    source="openshift/machine-config-operator #3342",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    unicast_src_ip 192.168.1.111
    unicast_peer {
        «192.168.1.111»
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
    unicast_src_ip 192.168.1.11
    unicast_peer {
        192.168.1.111
    }
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
