"""vrrp_strict, which drops what is sent to the virtual IP."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_keepalived
from twinkeel.liveconfig.keepalived.model import VrrpConfig

_ON = ("", "on", "yes", "true")


def check(config: VrrpConfig) -> Iterator[Finding]:
    line = config.global_line("vrrp_strict")
    if line is not None:
        yield Finding("vrrp_strict makes the holder drop everything that is sent to the virtual IP", line.place)
    for instance in config.instances:
        own = instance.line("strict_mode")
        if own is not None and own.value().lower() in _ON:
            yield Finding("strict_mode makes the holder drop everything that is sent to the virtual IP", own.place)


RULE = Rule(
    name="strict-vrrp",
    severity="error",
    what="`vrrp_strict` (or `strict_mode on`).",
    why="RFC 5798 forbids a router to accept packets for an address that is not its own, and this word obeys: Keepalived "
    "adds firewall rules that drop them. The address is there, answers ARP, and no connection succeeds. It also "
    "forbids unicast peers.",
    fix="take it away; it is in Keepalived's sample file",
    source="keepalived.conf(5); acassen/keepalived #1142",
    bad=Example(
        keepalived="""\
global_defs {
    router_id lb-1
    vrrp_garp_master_refresh 60
    «vrrp_strict»
}
"""
    ),
    good=Example(
        keepalived="""\
global_defs {
    router_id lb-1
    vrrp_garp_master_refresh 60
}
"""
    ),
    check=each_keepalived(check),
)
