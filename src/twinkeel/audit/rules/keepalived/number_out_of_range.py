"""A number that the protocol does not have."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_instance
from twinkeel.liveconfig.keepalived.model import Instance
from twinkeel.liveconfig.times import number

_RANGES = {"priority": (1, 255), "virtual_router_id": (1, 255), "advert_int": (0.01, 255)}
_THEN = {
    "priority": "Keepalived takes 100 instead",
    "virtual_router_id": "Keepalived leaves the instance out",
    "advert_int": "Keepalived takes another one",
}
LONGEST_V3 = 40.95


def check(instance: Instance) -> Iterator[Finding]:
    for keyword, (low, high) in _RANGES.items():
        line = instance.line(keyword)
        if line is None or len(line.words) < 2 or "$" in line.value():
            continue
        found = number(line.value())
        highest = LONGEST_V3 if keyword == "advert_int" and instance.version == 3 else high
        if found is None or not low <= found <= highest:
            yield at(line.words[1], f"{keyword} {line.value()} is not between {low} and {highest}: {_THEN[keyword]}")


RULE = Rule(
    name="number-out-of-range",
    severity="error",
    what="a priority, virtual router id or advertisement interval outside VRRP's range.",
    why="Keepalived logs it and goes on: with its defaults for priority and interval, and without the instance where the "
    "virtual router id is wrong. The host then has another priority than it seems, or no address to take.",
    fix="priority 1 to 254, virtual_router_id 1 to 255, advert_int 0.01 to 40.95 (version 3) or 1 to 255 (version 2)",
    source="RFC 9568, 5.2; Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id «300»
    priority «1000»
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
    virtual_router_id 255
    priority 254
    advert_int 30
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
    ),
    check=each_instance(check),
)
