"""An address that is none."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance
from twinkeel.liveconfig.words import Word

_BLOCKS = {
    "virtual_ipaddress": "Keepalived leaves it out, and no host has it",
    "virtual_ipaddress_excluded": "Keepalived leaves it out, and no host has it",
    "unicast_peer": "Keepalived leaves it out, and this peer hears nothing",
}
_SOURCES = ("unicast_src_ip", "mcast_src_ip")


def check(instance: Instance) -> Iterator[Finding]:
    for keyword, then in _BLOCKS.items():
        for block in instance.statement.named(keyword):
            yield from (_finding(each.words[0], then) for each in block.block if each.words and not _is_address(each.words[0]))
    for keyword in _SOURCES:
        line = instance.line(keyword)
        if line is not None and len(line.words) > 1 and not _is_address(line.words[1]):
            yield _finding(line.words[1], "Keepalived leaves the line out")


def _finding(word: Word, then: str) -> Finding:
    return at(word, f"{word.text} is no IP address: {then}")


def _is_address(word: Word) -> bool:
    """Of `10.0.0.1/24` or `10.0.0.1-2` the first part tells; a parameter without a value may be anything."""
    if "$" in word.text:
        return True
    try:
        ip_address(re.split("[/-]", word.text)[0])
    except ValueError:
        return False
    return True


RULE = Rule(
    name="invalid-address",
    severity="error",
    what="something in `virtual_ipaddress`, `unicast_peer` or `unicast_src_ip` that is no IP address: a slip, a host's name, a "
    "placeholder that nobody filled in.",
    why="Keepalived takes addresses alone. It logs the line, leaves it out and starts: the instance is MASTER of nothing, or its "
    "peer never hears it and takes the address, too.",
    fix="write the address",
    source="Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    unicast_peer {
        «lb-2»
    }
    virtual_ipaddress {
        «192.168.1.300/24»
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
    unicast_src_ip 192.168.1.11
    unicast_peer {
        192.168.1.12
    }
    virtual_ipaddress {
        192.168.1.110/24 dev eth0
    }
}
"""
    ),
    check=each_instance(check),
)
