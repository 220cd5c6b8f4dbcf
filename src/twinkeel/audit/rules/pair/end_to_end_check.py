"""A check that takes both load balancers away when the API is down."""

from collections.abc import Iterator

from twinkeel.audit.check_script import scripts_of
from twinkeel.audit.kubernetes import api_frontends
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host


def check(host: Host) -> Iterator[Finding]:
    fatal = {
        tracker.word.text
        for instance in host.instances
        for tracker in instance.trackers
        if tracker.kind == "script" and not tracker.weight
    }
    ports = through_ports(host)
    for definition, script in scripts_of(host):
        asked = [url for url in script.urls if url.port in ports]
        if asked and definition.name in fatal:
            message = f"{definition.name} asks an API server: when none answers, no host may hold the address, HAProxy or not"
            yield Finding(message, asked[0].place)


def through_ports(host: Host) -> set[int]:
    """The ports that lead through HAProxy to an API server."""
    binds = [bind for proxy in api_frontends(host.haproxy) for bind in proxy.binds] if host.haproxy else []
    return {port for bind in binds for _, port in bind.addresses if port is not None}


RULE = Rule(
    name="end-to-end-check",
    severity="warning",
    what="a tracked script without weight that asks the API through HAProxy.",
    why="It tests the API, and not this host. When the API is down for a moment, the check fails on both hosts: both go "
    "to FAULT, the address is nowhere, and stays away until `rise` checks have passed, after the API itself is back. "
    "It may also be quicker than HAProxy's own checks, and move the address because one API server died.",
    fix="ask HAProxy alone (`monitor-uri`), and give an end-to-end check a small weight",
    source="openshift/machine-config-operator #2091, #3158",
    bad=Example(
        haproxy="""\
frontend endpoint
    bind *:6443
    default_backend kubernetes

backend kubernetes
    server master-1 192.168.1.101:6443 check
""",
        keepalived="""\
vrrp_script api {
    script "/usr/bin/curl -fks -m 2 «https://localhost:6443/readyz»"
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        api
    }
}
""",
    ),
    good=Example(
        haproxy="""\
frontend endpoint
    bind *:6443
    default_backend kubernetes

frontend alive
    bind 127.0.0.1:8404
    mode http
    monitor-uri /live

backend kubernetes
    server master-1 192.168.1.101:6443 check
""",
        keepalived="""\
vrrp_script api {
    script "/usr/bin/curl -fs -m 2 http://127.0.0.1:8404/live"
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        api
    }
}
""",
    ),
    check=each_host(check),
)
