"""Two hosts that cannot understand each other's advertisements."""

from collections.abc import Iterator

from twinkeel.audit.pair import Pair
from twinkeel.audit.partners import Member, partners
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.audit.takeover import interval
from twinkeel.liveconfig.keepalived.file import Statement
from twinkeel.liveconfig.keepalived.model import Instance
from twinkeel.liveconfig.words import Place


def check(pair: Pair) -> Iterator[Finding]:
    for first, second in partners(pair):
        one, other = first.instance, second.instance
        if one.vrid != other.vrid:
            yield _differ(first, second, "virtual_router_id", f"{other.vrid} here, {one.vrid} there")
        if one.version != other.version:
            yield _differ(first, second, "version", f"VRRP version {other.version} here, {one.version} there")
        elif one.version == 2 and interval(one) != interval(other):
            yield _differ(first, second, "advert_int", f"advert_int {interval(other):g} here, {interval(one):g} there")
        if _password(one) != _password(other) and one.version == other.version == 2:
            yield _differ(first, second, "authentication", "the passwords differ")
        if _addresses(one) != _addresses(other):
            yield _differ(first, second, "virtual_ipaddress", "the lists of addresses differ")


def _differ(first: Member, second: Member, keyword: str, what: str) -> Finding:
    message = f"{what}: {second.host.name} and {first.host.name} drop each other's advertisements, and both hold the address"
    return Finding(message, _place(second.instance, keyword), ((_place(first.instance, keyword), first.host.name),))


def _place(instance: Instance, keyword: str) -> Place:
    line: Statement | None = instance.line(keyword)
    return (line or instance.statement).place


def _password(instance: Instance) -> tuple[str, str]:
    block = instance.authentication
    kind = block.last("auth_type") if block else None
    password = block.last("auth_pass") if block else None
    return (kind.value().upper() if kind else "", password.value()[:8] if password else "")


def _addresses(instance: Instance) -> set[str]:
    return {str(vip.ip) for _, vip in instance.advertised}


RULE = Rule(
    name="peers-disagree",
    severity="error",
    what="partners with another virtual router id, VRRP version, password, list of addresses or (version 2) advertisement "
    "interval.",
    why="A host drops advertisements that differ from its own settings, with a line in its log. It hears no holder, and "
    "becomes one: the address is on both hosts, and clients reach the one or the other by chance.",
    fix="the same values on both hosts",
    source="RFC 3768, 7.1; Keepalived 2.2.7, run (2.3 only logs another list of addresses)",
    bad=Example(
        keepalived="""\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
        peer_keepalived="""\
vrrp_instance api {
    interface eth0
    «virtual_router_id 72»
    priority 199
    «advert_int 2»
    virtual_ipaddress {
        192.168.1.110/24
    }
}
""",
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
""",
        peer_keepalived="""\
vrrp_instance api-standby {
    interface ens3
    virtual_router_id 71
    priority 199
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass horse-12
    }
    virtual_ipaddress {
        192.168.1.110/24 dev ens3
    }
}
""",
    ),
    check=check,
)
