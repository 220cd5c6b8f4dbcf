"""A weighted check that Keepalived does not follow, because its instance is in a sync group."""

from collections.abc import Iterator

from twinkeel.audit.in_force import ignored
from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    group = instance.config.group_of(instance)
    if group is None:
        return
    for tracker in ignored(instance):
        message = f"{tracker.word.text} has weight {tracker.weight}, and {instance.name} is in a sync group: Keepalived ignores it"
        yield Finding(message, tracker.word.place, ((group.statement.place, "the group"),))


RULE = Rule(
    name="weight-in-sync-group",
    severity="error",
    what="a script or file that is tracked with a weight by a member of a `vrrp_sync_group`.",
    why="Members of a group change state together, so no member may have a priority that floats: Keepalived drops the tracker "
    "when it reads the file, says so in one line of its log, and starts. HAProxy dies, the check fails, and the address stays.",
    fix="weight 0 (the whole group goes to FAULT and gives its addresses up at once), or track it in the group itself",
    source="keepalived.conf(5), vrrp_sync_group; Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    interval 2
    weight -20
}
vrrp_sync_group both {
    group {
        api
        ingress
    }
}
vrrp_instance ingress {
    interface eth0
    virtual_router_id 72
    priority 200
    virtual_ipaddress {
        192.168.1.120/24
    }
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        «haproxy»
    }
}
""",
        checker_complains=True,
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    interval 2
}
vrrp_sync_group both {
    group {
        api
        ingress
    }
}
vrrp_instance ingress {
    interface eth0
    virtual_router_id 72
    priority 200
    virtual_ipaddress {
        192.168.1.120/24
    }
}
vrrp_instance api {
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
