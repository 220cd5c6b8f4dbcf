"""A delay meant for hosts that come back, which also delays failover."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    line = instance.line("preempt_delay")
    weighted = [tracker for tracker in instance.trackers if tracker.weight]
    if line is not None and instance.preempt_delay > 0 and weighted:
        first = weighted[0]
        message = (
            f"when {first.word.text} fails on the holder, the peer waits another {instance.preempt_delay:g} s before it takes over"
        )
        yield Finding(message, line.place, ((first.word.place, "tracked here, with a weight"),))


RULE = Rule(
    name="preempt-delay-with-weight",
    severity="error",
    what="`preempt_delay` in an instance that tracks something with a weight.",
    why="The delay is meant for a host that comes back. But a takeover from a holder whose check failed is a preemption, too: the "
    "holder's priority fell below the backup's. The outage lasts longer by the whole delay.",
    fix="weight 0, or no preempt_delay",
    source="keepalived.conf(5); acassen/keepalived #2379",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    interval 2
    weight -20
}
vrrp_instance api {
    state BACKUP
    «preempt_delay 60»
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
    weight -20
}
vrrp_instance api {
    state BACKUP
    preempt_delay 60
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        haproxy weight 0
    }
}
"""
    ),
    check=each_instance(check),
)
