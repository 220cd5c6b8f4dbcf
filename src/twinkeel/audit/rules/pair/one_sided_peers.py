"""Unicast peers that do not know each other."""

from collections.abc import Iterator

from twinkeel.audit.pair import Pair
from twinkeel.audit.partners import Member, partners
from twinkeel.audit.rule import Example, Finding, Rule


def check(pair: Pair) -> Iterator[Finding]:
    for one, other in partners(pair):
        for here, there in ((one, other), (other, one)):
            yield from _unheard(here, there)


def _unheard(here: Member, there: Member) -> Iterator[Finding]:
    source = there.instance.source
    block = here.instance.line("unicast_peer")
    if block is None or not here.instance.peers:
        if there.instance.peers:
            message = f"{here.host.name} advertises by multicast, {there.host.name} by unicast: neither hears the other"
            yield Finding(message, here.instance.statement.place)
    elif source is not None and source.text not in {peer.text.partition("/")[0] for peer in here.instance.peers}:
        message = f"{there.host.name} sends from {source.text}, which is no peer of {here.host.name}: it hears nothing from here"
        yield Finding(message, block.place, ((source.place, there.host.name),))


RULE = Rule(
    name="one-sided-peers",
    severity="error",
    what="a host whose `unicast_peer` does not name its partner's `unicast_src_ip`, or that uses multicast while its "
    "partner does not.",
    why="Advertisements go to the addresses of the list and nowhere else. The partner hears no holder and takes the address, too.",
    fix="on each host, the other hosts' `unicast_src_ip` in `unicast_peer`",
    source="keepalived.conf(5), unicast_peer",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    unicast_src_ip 192.168.1.111
    «unicast_peer» {
        192.168.1.113
    }
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
        peer_keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 199
    unicast_src_ip 192.168.1.112
    unicast_peer {
        192.168.1.111
    }
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
    unicast_src_ip 192.168.1.111
    unicast_peer {
        192.168.1.112 min_ttl 255 max_ttl 255
    }
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
        peer_keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 199
    unicast_src_ip 192.168.1.112
    unicast_peer {
        192.168.1.111
    }
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
    ),
    check=check,
)
