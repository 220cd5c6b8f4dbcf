"""A check that nothing tracks."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_keepalived
from twinkeel.liveconfig.keepalived.model import VrrpConfig


def check(config: VrrpConfig) -> Iterator[Finding]:
    groups = config.config.root.named("vrrp_sync_group")
    of_groups = {each.keyword for group in groups for block in group.block for each in block.block}
    tracked = {(tracker.kind, tracker.word.text) for instance in config.instances for tracker in instance.trackers}
    # Real servers of a virtual_server may track files as well.
    elsewhere = any(True for _ in config.config.root.named("virtual_server"))
    for definition in config.definitions if config.instances and not elsewhere else ():
        if (definition.kind, definition.name) not in tracked and definition.name not in of_groups:
            yield Finding(f"no instance tracks {definition.name}: it has no effect", definition.statement.place)


RULE = Rule(
    name="unused-tracker",
    severity="warning",
    what="a `vrrp_script`, `vrrp_track_process` or `track_file` that no instance tracks.",
    why="The check seems to be there and decides nothing. Keepalived does not even run the script.",
    fix="name it in `track_script`, `track_process` or `track_file`, or take it away",
    source="keepalived.conf(5)",
    bad=Example(
        keepalived="""\
«vrrp_script check_haproxy» {
    script "/usr/bin/pgrep -x haproxy"
}
vrrp_instance api {
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
vrrp_script check_haproxy {
    script "/usr/bin/pgrep -x haproxy"
}
vrrp_sync_group both {
    group {
        api
        ingress
    }
    track_script {
        check_haproxy
    }
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
vrrp_instance ingress {
    interface eth0
    virtual_router_id 72
    priority 200
    virtual_ipaddress {
        192.168.1.111/24
    }
}
"""
    ),
    check=each_keepalived(check),
)
