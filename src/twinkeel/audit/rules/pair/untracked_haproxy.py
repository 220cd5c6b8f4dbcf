"""An address that stays when HAProxy dies."""

from collections.abc import Iterator

from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host

_TRACKS = ("track_script", "track_process", "track_file", "track_bfd")


def check(host: Host) -> Iterator[Finding]:
    if host.haproxy is None or host.keepalived is None:
        return
    groups = list(host.keepalived.config.root.named("vrrp_sync_group"))
    grouped = {each.keyword for group in groups if group.last(*_TRACKS) for block in group.named("group") for each in block.block}
    for instance in host.instances:
        if not any(instance.has(block) for block in _TRACKS) and instance.name not in grouped:
            message = f"{instance.name} tracks nothing: when HAProxy dies, {host.name} keeps the address and serves nobody"
            yield Finding(message, instance.statement.place)


RULE = Rule(
    name="untracked-haproxy",
    severity="error",
    what="an instance that tracks neither script nor process nor file, on a host with HAProxy.",
    why="Keepalived and HAProxy know nothing of each other. HAProxy is dead, Keepalived is well, and the address stays on "
    "the host where nothing listens: measured, longer than 45 s, and without an end where nothing starts HAProxy "
    "again.",
    fix="`track_process`, a `track_script` that makes a request, or a tracked file that haproxy.service's hooks write",
    source="measured side by side, docs/benchmarks.md",
    bad=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check
""",
        keepalived="""\
«vrrp_instance api» {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check
""",
        keepalived="""\
vrrp_script haproxy {
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
        haproxy
    }
}
""",
    ),
    check=each_host(check),
)
