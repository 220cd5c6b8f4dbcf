"""A tracked name that nothing defines."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    for tracker in instance.trackers:
        # A tracked file may be defined where it is tracked, in old versions a script, too.
        if tracker.definition is None and not tracker.word.text.startswith(("/", "$")):
            yield at(tracker.word, f"no {tracker.kind} {tracker.word.text} is defined: {instance.name} runs without this check")


RULE = Rule(
    name="undefined-tracker",
    severity="error",
    what="a name in `track_script`, `track_process` or `track_file` that is not defined.",
    why="Keepalived logs one line, leaves the check out and runs. HAProxy may be dead for days with the address on its host.",
    fix="define it *before* the instance, with the same spelling",
    source="Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_script check_haproxy {
    script "/usr/bin/pgrep -x haproxy"
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        «chk_haproxy»
        check_haproxy
    }
}
""",
        checker_complains=True,
    ),
    good=Example(
        keepalived="""\
vrrp_script check_haproxy {
    script "/usr/bin/pgrep -x haproxy"
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        check_haproxy
    }
}
"""
    ),
    check=each_instance(check),
)
