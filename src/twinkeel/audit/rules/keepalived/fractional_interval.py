"""Fractions of a second that VRRP version 2 cannot say."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    line = instance.line("advert_int")
    if line is not None and len(line.words) > 1 and instance.version == 2 and instance.advert_int % 1:
        yield at(line.words[1], f"VRRP version 2 counts whole seconds: {line.value()} is rounded")


RULE = Rule(
    name="fractional-interval",
    severity="error",
    what="an `advert_int` with a fraction in VRRP version 2, which is Keepalived's default.",
    why="Keepalived rounds it to a whole second: failover takes three seconds and more, where the file promises a third of one.",
    fix="`vrrp_version 3` in `global_defs`, on both hosts at once",
    source="RFC 3768, 5.3.7; Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    advert_int «0.3»
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
        checker_complains=True,
    ),
    good=Example(
        keepalived="""\
vrrp_instance api {
    version 3
    interface eth0
    virtual_router_id 71
    priority 200
    advert_int 0.3
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
