"""Two instances of one file with the same virtual router id on one interface."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_keepalived
from twinkeel.liveconfig.keepalived.file import Statement
from twinkeel.liveconfig.keepalived.model import VrrpConfig


def check(config: VrrpConfig) -> Iterator[Finding]:
    seen: dict[tuple[int, str, int], Statement] = {}
    for instance in config.instances:
        line = instance.line("virtual_router_id")
        if line is None or instance.vrid is None or line.condition or instance.statement.condition:
            continue
        family = next((vip.version for _, vip in instance.vips), 4)
        first = seen.setdefault((instance.vrid, instance.interface, family), line)
        if first is not line:
            yield at(line.words[1], f"virtual router {instance.vrid} is another instance's already", (first.place, "here"))


RULE = Rule(
    name="repeated-vrid",
    severity="error",
    what="two instances with the same `virtual_router_id`, interface and IP version.",
    why="Both hear, and answer, the same advertisements. Keepalived logs a conflict and ends at its start: this host holds "
    "no address at all.",
    fix="give each instance a number of its own",
    source="RFC 9568, 5.2.3; Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
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
    virtual_router_id «71»
    priority 200
    virtual_ipaddress {
        192.168.1.111/24
    }
}
""",
        checker_complains=True,
    ),
    good=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
vrrp_instance api6 {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        fd00::110/64
    }
}
"""
    ),
    check=each_keepalived(check),
)
