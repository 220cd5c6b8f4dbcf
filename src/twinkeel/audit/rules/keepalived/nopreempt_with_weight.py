"""A weight that can move nothing, because nobody may preempt."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.liveconfig.keepalived.model import Instance, Tracker

RESIGNING = "/run/twinkeel/haproxy-hangs"
"""The one file whose weight moves an address in spite of nopreempt: who writes it also resigns in Keepalived's name."""


def check(instance: Instance) -> Iterator[Finding]:
    line = instance.line("nopreempt")
    weighted = [tracker for tracker in instance.trackers if tracker.weight and not _resigns(tracker)]
    if line is not None and instance.nopreempt and weighted:
        first = weighted[0]
        message = f"{first.word.text} only lowers a priority (weight {first.weight}), and with nopreempt no peer acts on that"
        yield Finding(message, line.place, ((first.word.place, "tracked here"),))


def _resigns(tracker: Tracker) -> bool:
    """twinkeel.render.systemd.HANG_FILE."""
    return tracker.definition is not None and [word.text for word in tracker.definition.command] == [RESIGNING]


RULE = Rule(
    name="nopreempt-with-weight",
    severity="error",
    what="`nopreempt` in an instance that tracks a script, process or file with a weight.",
    why="A failed check with a weight changes the holder's priority and nothing else. The backup hears a lower priority "
    "than its own, and `nopreempt` tells it to leave the address there. HAProxy is dead, the address stays: for ever.",
    fix="weight 0 (the instance goes to FAULT and gives the address up at once), or take nopreempt away",
    source="acassen/keepalived #2379, #2483, #2599",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    interval 2
    weight -20
}
vrrp_instance api {
    state BACKUP
    «nopreempt»
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        haproxy
    }
}
"""
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    interval 2
}
vrrp_instance api {
    state BACKUP
    nopreempt
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        haproxy
    }
}
"""
    ),
    check=each_instance(check),
)
