"""A low priority, which makes planned moves slow."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.audit.takeover import skew
from twinkeel.liveconfig.keepalived.model import Instance

LONGEST = 0.3


def check(instance: Instance) -> Iterator[Finding]:
    line, time = instance.line("priority"), skew(instance)
    if line is not None and time > LONGEST:
        yield Finding(f"this host takes over {time:.2g} s after the holder gave the address up", line.place)


RULE = Rule(
    name="low-priority",
    severity="info",
    what="a priority that makes a takeover after a planned stop last more than 0.3 s.",
    why="Also when the holder resigns, a backup waits for its skew: (256 - priority) / 256 s in VRRP version 2. With 100 "
    "it is 0.61 s at each reboot and each restart of Keepalived, with 254 it is 8 ms.",
    fix="high priorities on both hosts: 254 and 253",
    source="RFC 3768, 6.1; measured side by side, docs/benchmarks.md",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    «priority 100»
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    good=Example(
        keepalived="""\
vrrp_instance api {
    version 3
    advert_int 0.1
    interface eth0
    virtual_router_id 71
    priority 100
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
