"""A kind of authentication that there is not."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance


def check(instance: Instance) -> Iterator[Finding]:
    block = instance.authentication
    line = block.last("auth_type") if block else None
    if line is not None and len(line.words) > 1 and line.value() not in ("PASS", "AH") and "$" not in line.value():
        yield at(line.words[1], f"there is no auth_type {line.value()}: the password is not used")


RULE = Rule(
    name="unknown-authentication",
    severity="warning",
    what="an `auth_type` other than `PASS` and `AH`, in capitals and without a semicolon.",
    why="Keepalived logs it and sends its advertisements without a password. A partner whose file has the right word drops them, "
    "and both hold the address.",
    fix="`auth_type PASS`, or no authentication block at all: the password protects nothing",
    source="Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    authentication {
        auth_type «pass»
        auth_pass horse-12
    }
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
    interface eth0
    virtual_router_id 71
    priority 200
    authentication {
        auth_type PASS
        auth_pass horse-12
    }
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
