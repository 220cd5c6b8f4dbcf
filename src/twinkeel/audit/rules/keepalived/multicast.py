"""Advertisements by multicast."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    if not instance.peers and not instance.has("unicast_src_ip"):
        yield Finding(
            f"{instance.name} advertises by multicast: whoever is on the segment hears it and may answer", instance.statement.place
        )


RULE = Rule(
    name="multicast",
    severity="info",
    what="an instance without `unicast_peer`.",
    why="Switches with IGMP snooping, many clouds and many hypervisors drop multicast: both hosts then hold the address. "
    "And another pair with the same number on the segment takes part.",
    fix="`unicast_src_ip` and `unicast_peer` on both hosts",
    source="openshift/machine-config-operator #1768",
    bad=Example(
        keepalived="""\
«vrrp_instance api» {
    interface eth0
    virtual_router_id 71
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
    interface eth0
    virtual_router_id 71
    priority 200
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
