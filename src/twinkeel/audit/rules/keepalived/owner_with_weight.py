"""Priority 255, which no check can lower."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    line = instance.line("priority")
    weighted = [tracker for tracker in instance.trackers if tracker.weight]
    if line is not None and instance.priority == 255 and weighted:
        related = ((weighted[0].word.place, "tracked here, with a weight"),)
        yield Finding("priority 255 means that the address is this host's own: no weight lowers it", line.place, related)


RULE = Rule(
    name="owner-with-weight",
    severity="error",
    what="priority 255 in an instance that tracks something with a weight.",
    why="255 is the address owner's, who never yields. A failed check changes nothing: HAProxy is dead and the address stays.",
    fix="priority 254, or weight 0",
    source="RFC 9568, 5.2.4; Keepalived 2.2.7, read",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    weight -50
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    «priority 255»
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        haproxy
    }
}
""",
        checker_complains=True,
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    weight -50
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 254
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
