"""A password of which only eight characters count."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance

LONGEST = 8


def check(instance: Instance) -> Iterator[Finding]:
    block = instance.authentication
    line = block.last("auth_pass") if block else None
    if line is not None and len(line.value()) > LONGEST and "$" not in line.value():
        # The password itself is not said: reports are passed on.
        yield at(line.words[1], f"the password has {len(line.value())} characters, of which {LONGEST} are sent")


RULE = Rule(
    name="long-password",
    severity="warning",
    what="an `auth_pass` of more than eight characters.",
    why="The protocol has room for eight. Two passwords that differ later are the same one, and the rest gives no "
    "security. It is sent in clear text with every advertisement, too.",
    fix="eight characters at most, used nowhere else",
    source="RFC 2338, 5.3.10; Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    authentication {
        auth_type PASS
        auth_pass «correct-horse»
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
