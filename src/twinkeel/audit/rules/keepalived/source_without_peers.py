"""unicast_src_ip, and nobody to talk to."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    line = instance.line("unicast_src_ip")
    if line is not None and not instance.peers and not instance.has("unicast_fault_no_peer"):
        yield Finding("there is no unicast_peer: this instance advertises by multicast, its peer may wait for unicast", line.place)


RULE = Rule(
    name="source-without-peers",
    severity="warning",
    what="`unicast_src_ip` without a `unicast_peer`.",
    why="Without a peer the instance advertises by multicast. A peer that uses unicast hears none of it, and both hold "
    "the address.",
    fix="name the other hosts in `unicast_peer`",
    source="keepalived.conf(5), unicast_src_ip",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    «unicast_src_ip 192.168.1.111»
    unicast_peer {
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
    mcast_src_ip 192.168.1.111
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
