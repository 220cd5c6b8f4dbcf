"""An initial state that Keepalived does not know."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    line = instance.line("state")
    if line is not None and len(line.words) > 1 and line.value() not in ("MASTER", "BACKUP") and "$" not in line.value():
        yield at(line.words[1], f"there is no state {line.value()}: this host starts as BACKUP")


RULE = Rule(
    name="unknown-state",
    severity="error",
    what="a `state` other than `MASTER` and `BACKUP`, in capitals.",
    why="Keepalived takes `Master` for an unknown word and starts as BACKUP.",
    fix="`state BACKUP` on every host: the priority decides",
    source="Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    state «Master»
    interface eth0
    virtual_router_id 71
    priority 200
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
    state BACKUP
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
