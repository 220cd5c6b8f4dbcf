"""A listener on the virtual IP, which only the holder has."""

from collections.abc import Iterator

from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, at, each_host


def check(host: Host) -> Iterator[Finding]:
    vips = {str(vip.ip) for instance in host.instances for _, vip in instance.vips}
    for proxy in host.haproxy.of_kind("frontend", "listen") if host.haproxy else ():
        for bind in proxy.binds:
            held = [address for address, _ in bind.addresses if address in vips]
            if held and "transparent" not in bind.parameters:
                yield at(
                    bind.line.words[1], f"{held[0]} is on one host only: HAProxy starts on the other one only with ip_nonlocal_bind"
                )


RULE = Rule(
    name="bind-on-vip",
    severity="warning",
    what="a `bind` on the virtual IP without `transparent`.",
    why="The backup does not have the address, and HAProxy refuses to start there unless `net.ipv4.ip_nonlocal_bind` is "
    "1. That is a setting outside of both files, which is forgotten on the next host: then the backup is no backup.",
    fix="`bind *:6443`; or `bind VIP:6443 transparent`",
    source="HAProxy's manual, `bind`; ip-sysctl, ip_nonlocal_bind",
    bad=Example(
        haproxy="""\
frontend endpoint
    bind «192.168.1.110:6443»
    default_backend kubernetes

backend kubernetes
    server master-1 192.168.1.101:6443 check
""",
        keepalived="""\
vrrp_instance api {
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
frontend endpoint
    bind 192.168.1.110:6443 transparent
    bind 192.168.1.111:6443
    default_backend kubernetes

backend kubernetes
    server master-1 192.168.1.101:6443 check
""",
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
    ),
    check=each_host(check),
)
