"""A keyword that is said twice in one block."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_keepalived
from twinkeel.liveconfig.keepalived.file import Statement
from twinkeel.liveconfig.keepalived.model import VrrpConfig

_ONCE = frozenset(
    (
        *("state", "interface", "virtual_router_id", "priority", "advert_int", "unicast_src_ip", "version", "preempt_delay"),
        *("script", "interval", "timeout", "weight", "fall", "rise", "user", "router_id", "vrrp_version", "script_user"),
    )
)
_BLOCKS = ("global_defs", "vrrp_instance", "vrrp_script", "vrrp_track_process", "track_file", "vrrp_track_file")


def check(config: VrrpConfig) -> Iterator[Finding]:
    for block in config.config.root.named(*_BLOCKS):
        last: dict[str, Statement] = {}
        for line in block.block:
            if line.keyword in _ONCE and not line.condition:
                before = last.get(line.keyword)
                if before is not None and before.value() != line.value():
                    message = f"{line.keyword} {before.value()} does not count: the block says {line.value()} later"
                    yield Finding(message, before.place, ((line.place, "this one counts"),))
                last[line.keyword] = line


RULE = Rule(
    name="repeated-keyword",
    severity="error",
    what="a keyword that takes one value and stands twice in a block, with different values.",
    why="Keepalived takes the last one and says nothing. Whoever changes the first one, changes nothing.",
    fix="keep one",
    source="Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    «priority 200»
    priority 100
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    good=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    @lb-1 priority 200
    @^lb-1 priority 100
    virtual_ipaddress {
        192.168.1.110/24
        192.168.1.112/24
    }
}
"""
    ),
    check=each_keepalived(check),
)
