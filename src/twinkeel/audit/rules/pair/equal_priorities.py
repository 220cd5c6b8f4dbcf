"""Two hosts with one priority."""

from collections import defaultdict
from collections.abc import Iterator

from twinkeel.audit.effective import full_priority
from twinkeel.audit.pair import Pair
from twinkeel.audit.partners import partners
from twinkeel.audit.rule import Example, Finding, Rule


def check(pair: Pair) -> Iterator[Finding]:
    highest: dict[int, int] = defaultdict(int)
    for first, second in partners(pair):
        for member, partner in ((first, second), (second, first)):
            known = highest[id(member.instance)]
            highest[id(member.instance)] = max(known, full_priority(partner.instance))
    for first, second in partners(pair):
        one, other = first.instance, second.instance
        if highest[id(one)] > full_priority(one):
            # A third host is above both: kubeadm's document gives its backups one priority.
            continue
        line, first_line = other.line("priority"), one.line("priority")
        if one.priority == other.priority and line is not None and first_line is not None:
            message = f"{first.host.name} and {second.host.name} have the same priority: who has the higher address wins a tie"
            yield Finding(message, line.place, ((first_line.place, first.host.name),))


RULE = Rule(
    name="equal-priorities",
    severity="warning",
    what="the same priority on two hosts, when no third one has a higher one.",
    why="Who holds the address after both have started depends on which was first, and on which has the higher address. "
    "With a weight there is also no way back: equal priorities never preempt. Some mean exactly that; then say so in "
    "a comment.",
    fix="254 and 253, with `nopreempt` and `state BACKUP` on both if the address shall stay where it is",
    source="RFC 9568, 6.4.3",
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
""",
        peer_keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    «priority 200»
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
    check=check,
)
