"""A weight that does not bridge the gap between two priorities."""

from collections.abc import Iterator

from twinkeel.audit.effective import failed_priority, full_priority
from twinkeel.audit.pair import Pair
from twinkeel.audit.partners import Member, partners
from twinkeel.audit.rule import Example, Finding, Rule


def check(pair: Pair) -> Iterator[Finding]:
    for one, other in partners(pair):
        for holder, backup in ((one, other), (other, one)):
            yield from _stuck(holder, backup)


def _stuck(holder: Member, backup: Member) -> Iterator[Finding]:
    ours, theirs = full_priority(holder.instance), full_priority(backup.instance)
    if ours <= theirs or holder.instance.priority == 255 or backup.instance.nopreempt:
        return
    for tracker in holder.instance.trackers:
        left = failed_priority(holder.instance, tracker)
        if tracker.weight and left >= theirs:
            message = (
                f"when {tracker.word.text} fails on {holder.host.name} it still has {left}, {backup.host.name} has {theirs}: "
                "the address stays"
            )
            line = backup.instance.line("priority") or backup.instance.statement
            yield Finding(message, tracker.word.place, ((line.place, f"priority of {backup.host.name}"),))


RULE = Rule(
    name="weight-too-small",
    severity="error",
    what="a weight that leaves the holder's priority at or above the backup's.",
    why="The check fails, the holder's priority falls by the weight, and it is still the highest. Nothing moves, HAProxy "
    "is dead, and the address stays with it.",
    fix="a weight larger than the gap between the priorities, or weight 0: FAULT",
    source="acassen/keepalived #2485; RFC 9568, 6.4.2",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    weight -2
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 110
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        «haproxy»
    }
}
""",
        peer_keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    weight -2
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 100
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        haproxy
    }
}
""",
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    weight -2
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 101
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        haproxy
    }
}
""",
        peer_keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    weight -2
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 100
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        haproxy
    }
}
""",
    ),
    check=check,
)
