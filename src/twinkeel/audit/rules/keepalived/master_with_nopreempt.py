"""nopreempt that Keepalived drops."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    line, state = instance.line("nopreempt"), instance.line("state")
    if line is not None and state is not None and state.value() == "MASTER":
        message = "nopreempt is dropped where the initial state is MASTER: this host takes the address back each time it starts"
        yield Finding(message, line.place, ((state.place, "the state"),))


RULE = Rule(
    name="master-with-nopreempt",
    severity="warning",
    what="`nopreempt` in an instance with `state MASTER`.",
    why="Keepalived ignores it there, with a line in its log. The host that comes back takes the address, which is the second "
    "interruption that nopreempt was meant to save.",
    fix="`state BACKUP` on every host",
    source="keepalived.conf(5), nopreempt; Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    state MASTER
    «nopreempt»
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
    nopreempt
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
