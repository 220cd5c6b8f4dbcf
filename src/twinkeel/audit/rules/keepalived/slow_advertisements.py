"""Advertisements so rare that a dead host is noticed late."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.audit.takeover import master_down
from twinkeel.liveconfig.keepalived.model import Instance

LONGEST = 5.0


def check(instance: Instance) -> Iterator[Finding]:
    time = master_down(instance)
    line = instance.line("advert_int")
    if line is not None and time > LONGEST:
        yield Finding(f"when the holder loses power, this host takes over after up to {time:.3g} s", line.place)


RULE = Rule(
    name="slow-advertisements",
    severity="warning",
    what="an `advert_int` with which the loss of the holder is noticed after more than 5 s.",
    why="A backup waits for three advertisements, and (256 - priority) / 256 s more. Nobody has the address meanwhile.",
    fix="`advert_int 1`; with `vrrp_version 3` also fractions, such as 0.1",
    source="RFC 3768 and RFC 9568, 6.1",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    «advert_int 5»
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
    priority 200
    advert_int 1
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
