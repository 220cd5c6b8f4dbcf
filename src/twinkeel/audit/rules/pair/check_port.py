"""A check that asks a port where HAProxy does not listen."""

from collections.abc import Iterator

from twinkeel.audit.check_script import scripts_of
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host

_HERE = ("localhost", "127.0.0.1", "[::1]", "::1")


def check(host: Host) -> Iterator[Finding]:
    if host.haproxy is None:
        return
    binds = [bind for proxy in host.haproxy.of_kind("frontend", "listen") for bind in proxy.binds]
    ports = {port for bind in binds for _, port in bind.addresses}
    vips = {str(vip.ip) for instance in host.instances for _, vip in instance.vips}
    for definition, script in scripts_of(host):
        for url in script.urls:
            if url.port and url.host in (*_HERE, *vips) and ports and None not in ports and url.port not in ports:
                listening = ", ".join(str(port) for port in sorted(port for port in ports if port))
                message = f"{definition.name} asks port {url.port}, HAProxy listens on {listening}: the check says nothing about it"
                yield Finding(message, url.place)


RULE = Rule(
    name="check-port",
    severity="error",
    what="a check script that asks this host, or the virtual IP, on a port where haproxy.cfg has no `bind`.",
    why="It always fails, and then neither host may hold the address; or it asks another program, such as an API server "
    "on the same host, and passes while HAProxy is dead.",
    fix="ask the port of the frontend, or better a `monitor-uri` of HAProxy's own",
    source="kubeadm's document about high availability, whose port users leave as it is",
    bad=Example(
        haproxy="""\
frontend endpoint
    bind *:8443
    default_backend kubernetes

backend kubernetes
    server master-1 192.168.1.101:6443 check
""",
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/curl -fks -m 2 «https://localhost:6443/healthz»"
}
vrrp_script api {
    script "/etc/keepalived/check.sh"
}
""",
        script="""\
#!/bin/sh
APISERVER_DEST_PORT=6443
curl -sfk --max-time 2 «https://localhost:${APISERVER_DEST_PORT}/healthz» -o /dev/null
""",
    ),
    good=Example(
        haproxy="""\
frontend endpoint
    bind *:8443
    default_backend kubernetes

backend kubernetes
    server master-1 192.168.1.101:6443 check
""",
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/curl -fks -m 2 https://localhost:8443/healthz"
}
vrrp_script api {
    script "/etc/keepalived/check.sh"
}
""",
        script="""\
#!/bin/sh
APISERVER_DEST_PORT=8443
curl -sfk --max-time 2 https://localhost:${APISERVER_DEST_PORT}/healthz -o /dev/null
curl -sfk --max-time 2 https://localhost:${PORT_OF_ELSEWHERE}/healthz -o /dev/null
""",
    ),
    check=each_host(check),
)
