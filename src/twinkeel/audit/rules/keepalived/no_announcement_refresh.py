"""The new place of the address is told once, and not again."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.liveconfig.keepalived.model import Instance
from twinkeel.liveconfig.times import number


def check(instance: Instance) -> Iterator[Finding]:
    line = instance.line("garp_master_refresh") or instance.config.global_line("vrrp_garp_master_refresh")
    if line is None or not number(line.value()):
        yield Finding(f"{instance.name} announces its address at a takeover and never again", instance.statement.place)


RULE = Rule(
    name="no-announcement-refresh",
    severity="warning",
    what="an instance without `garp_master_refresh` (or `vrrp_garp_master_refresh` in `global_defs`).",
    why="Five announcements go out at a takeover, and five more 5 s later. A switch or a host that misses them, or learns "
    "a wrong place after a split has healed, sends to the old one until its own table forgets: minutes.",
    fix="`vrrp_garp_master_refresh 60` in `global_defs`",
    source="acassen/keepalived #166, #2459; Keepalived 2.2.7 and 2.3.3, run",
    bad=Example(
        keepalived="""\
global_defs {
    router_id lb-1
}
«vrrp_instance api» {
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
global_defs {
    router_id lb-1
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    garp_master_refresh 30
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
