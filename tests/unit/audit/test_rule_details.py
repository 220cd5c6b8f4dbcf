"""What rules say in cases that an example of two hosts does not show."""

from dataclasses import replace

import pytest

from twinkeel.audit.examples import example_pair
from twinkeel.audit.pair import Pair
from twinkeel.audit.registry import RULES
from twinkeel.audit.rule import Example

INSTANCE = """\
vrrp_instance api {{
    interface eth0
    virtual_router_id {vrid}
    priority {priority}
    virtual_ipaddress {{
        192.168.1.110/24
    }}
}}
"""


def said(name: str, pair: Pair) -> list[str]:
    rule = next(rule for rule in RULES if rule.name == name)
    return [finding.message for finding in rule.check(pair)]


def hosts(*priorities: int) -> Pair:
    found = []
    for number, priority in enumerate(priorities, 1):
        host = example_pair(Example(keepalived=INSTANCE.format(vrid=71, priority=priority))).hosts[0]
        found.append(replace(host, name=f"lb-{number}"))
    return Pair(tuple(found))


@pytest.mark.parametrize(("priorities", "count"), [((101, 100, 100), 0), ((100, 100, 99), 1), ((100, 101, 101), 1), ((7, 7, 7), 3)])
def test_a_tie_below_the_highest_priority_is_none(priorities: tuple[int, ...], count: int) -> None:
    assert len(said("equal-priorities", hosts(*priorities))) == count


@pytest.mark.parametrize(("vrid", "priority", "then"), [(300, 100, "leaves the instance out"), (71, 256, "takes 100 instead")])
def test_what_keepalived_does_with_a_number_out_of_range(vrid: int, priority: int, then: str) -> None:
    pair = example_pair(Example(keepalived=INSTANCE.format(vrid=vrid, priority=priority)))
    assert [then in message for message in said("number-out-of-range", pair)] == [True]


@pytest.mark.parametrize(("timeout", "then"), [("server", "a client waits"), ("connect", "kept for ever")])
def test_what_a_missing_timeout_costs(timeout: str, then: str) -> None:
    text = f"defaults\n    timeout client 1h\n    timeout {timeout} 1h\n\nbackend k\n    server a 10.0.0.1:6443\n"
    assert [then in message for message in said("missing-timeout", example_pair(Example(haproxy=text)))] == [True]


def test_a_tls_handshake_is_more_than_a_connection() -> None:
    text = "backend kubernetes\n    server a 10.0.0.1:6443 check{}\n"
    plain = said("connection-only-check", example_pair(Example(haproxy=text.format(""))))
    greeted = said("connection-only-check", example_pair(Example(haproxy=text.format(" check-ssl verify none"))))
    assert "takes a connection" in plain[0]
    assert "TLS handshake" in greeted[0]


def test_a_script_in_single_quotes_is_found() -> None:
    text = "vrrp_script s {\n    script '/etc/keepalived/check.sh'\n}\n"
    pair = example_pair(Example(keepalived=text, script="no interpreter\n"))
    assert len(said("broken-shebang", pair)) == 1


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("server m1 192.168.1.1:6443 chek", "check"),
        ("server m1 192.168.1.1:6443 check intre 2s", "inter"),
        ("server m1 192.168.1.1:6443 check inter 2s fal 2", None),
        ("default-server check inter 2s on-marked-dwon shutdown-sessions", "on-marked-down"),
        ("server-template m 3 api.example.org:6443 chekc", "check"),
        ("blance roundrobin", "balance"),
        ("default-backend kubernetes", "default_backend"),
        ("no optoin tcplog", "option"),
        ("no option tcpolg", "tcplog"),
        ("timeout clinet 1h", "client"),
        # What is known, and what is near nothing: a version to come may have it.
        ("server m1 192.168.1.1:6443 source 0.0.0.0 usesrc clientip check", None),
        ("server m1 192.168.1.1:6443 cookie chek check", None),
        ("server m1 192.168.1.1:6443 brand-new-word on check", None),
        ("brand-new-keyword x", None),
        ("$KEYWORD x", None),
        ("option", None),
        ("no", None),
        ("server m1", None),
    ],
)
def test_a_slip_is_told_with_what_was_meant(line: str, meant: str | None) -> None:
    pair = example_pair(Example(haproxy=f"backend kubernetes\n    {line}\n"))
    assert [message.rpartition("did you mean ")[2] for message in said("misspelt-keyword", pair)] == [f"`{meant}`?"] * (
        meant is not None
    )


def test_a_slip_where_a_condition_decides_is_none() -> None:
    text = "backend kubernetes\n.if version_atleast(9.0)\n    blance roundrobin\n.endif\n"
    assert said("misspelt-keyword", example_pair(Example(haproxy=text))) == []
