"""Keepalived that acts before HAProxy has."""

from collections.abc import Iterator

from twinkeel.audit.check_script import scripts_of
from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host
from twinkeel.audit.rules.pair.end_to_end_check import through_ports
from twinkeel.audit.server_check import server_check
from twinkeel.liveconfig.keepalived.model import DEFAULT_INTERVAL


def check(host: Host) -> Iterator[Finding]:
    slowest = _slowest(host)
    ports = through_ports(host)
    tracked = {tracker.word.text for instance in host.instances for tracker in instance.trackers if tracker.kind == "script"}
    # Definitions may share a script: one finding for each place.
    reported: set[str] = set()
    for definition, script in scripts_of(host):
        asked = [url for url in script.urls if url.port in ports]
        interval = definition.seconds("interval", DEFAULT_INTERVAL)
        soonest = (definition.count("fall") - 1) * interval
        if asked and definition.name in tracked and slowest > soonest + interval:
            place = asked[0].place
            if str(place) in reported:
                continue
            reported.add(str(place))
            text = f"{definition.name} may fail after {soonest:g} s; HAProxy needs up to {slowest:.3g} s to leave an API server out"
            yield Finding(text, place)


def _slowest(host: Host) -> float:
    backends = list(api_backends(host.haproxy)) if host.haproxy else []
    found = [server_check(proxy, server) for proxy in backends for server in proxy.servers]
    return max((each.silent.high for each in found if each is not None), default=0.0)


RULE = Rule(
    name="keepalived-before-haproxy",
    severity="warning",
    what="a tracked script that asks the API through HAProxy and fails sooner than HAProxy marks a dead API server down.",
    why="One API server of three dies. HAProxy still sends a third of all requests there, the script's among them, so "
    "Keepalived moves the address, and the other host has the same trouble. The address flaps although two API "
    "servers are well.",
    fix="detection before motion: shorten `inter` and `fall` in haproxy.cfg, or ask HAProxy itself instead of the API",
    source="openshift/machine-config-operator #2091, #3158",
    bad=Example(
        haproxy="""\
frontend endpoint
    bind *:6443
    default_backend kubernetes

backend kubernetes
    default-server inter 10s fall 3
    server master-1 192.168.1.101:6443 check
    server master-2 192.168.1.102:6443 check
""",
        keepalived="""\
vrrp_script api {
    script "/usr/bin/curl -fks -m 1 «https://localhost:6443/readyz»"
    interval 2
    fall 2
    weight -20
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

backend kubernetes
    default-server inter 1s fall 2
    server master-1 192.168.1.101:6443 check
    server master-2 192.168.1.102:6443 check
""",
        keepalived="""\
vrrp_script api {
    script "/usr/bin/curl -fks -m 1 https://localhost:6443/readyz"
    interval 2
    fall 3
    weight -20
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
