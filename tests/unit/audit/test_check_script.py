"""The requests of a check script, with their limits."""

import pytest

from twinkeel.audit.check_script import CheckScript, check_script
from twinkeel.audit.examples import example_pair
from twinkeel.audit.rule import Example


def script_of(text: str, before: str = "") -> CheckScript:
    keepalived = f'vrrp_script s {{\n    script "{before}/etc/keepalived/check.sh"\n}}\n'
    host = example_pair(Example(keepalived=keepalived, script=f"#!/bin/sh\n{text}")).hosts[0]
    assert host.keepalived is not None
    return check_script(host, host.keepalived.definitions[0])


@pytest.mark.parametrize(
    ("line", "limited", "limit"),
    [
        ("curl -fsm1 http://a", True, 1.0),
        ("curl -f --max-time '2.5' http://a", True, 2.5),
        ("curl -f --max-time $T http://a", True, None),
        ('T=3\ncurl -f --max-time "${T}" http://a', True, 3.0),
        ("wget -qT 2 http://a", True, 2.0),
        ("wget --read-timeout=2 http://a", True, 2.0),
        ("timeout -k 1 2 curl -f http://a", True, 2.0),
        ("curl -f --connect-timeout 1 http://a", False, None),
        ("wget -m 1 http://a", False, None),
        ("curl -T 1 http://a", False, None),
        ("curl -f $OPTIONS http://a", True, None),
        ('curl -f "$URL" -k', False, None),
        ('CURL="curl -m 4"\n$CURL -f http://a', True, 4.0),
        ("curl -f \\\n  -m 1 http://a", True, 1.0),
    ],
)
def test_the_limit_of_a_request(line: str, limited: bool, limit: float | None) -> None:
    assert [(each.limited, each.limit) for each in script_of(line).requests] == [(limited, limit)]


def test_a_limit_around_the_file_is_one_of_all_requests() -> None:
    script = script_of("curl -f http://a\ncurl -f http://b\n", before="/usr/bin/timeout 2 ")
    assert [each.limit for each in script.requests] == [2.0, 2.0]
    assert script.longest == 2.0


def test_each_request_has_its_own_limit() -> None:
    script = script_of("curl -m 1 http://a || exit 1; curl http://b\n")
    assert [each.limited for each in script.requests] == [True, False]
    assert script.deadline == 1.0


def test_what_a_script_says_is_no_request() -> None:
    script = script_of('echo "curl -s http://a"\npidof haproxy\n')
    assert (script.requests, script.urls, script.looks_at) == ([], [], "process")


def test_places_in_a_line_that_goes_on() -> None:
    script = script_of("true \\\n  && curl -f \\\n  http://a:1/b\n")
    assert [str(each.place) for each in script.requests] == ["lb-1/check.sh:3:6"]
    assert [str(each.place) for each in script.urls] == ["lb-1/check.sh:4:3"]


def test_urls_with_variables() -> None:
    script = script_of("HOST=localhost\nPORT=8443\ncurl https://${HOST}:$PORT/x https://$OTHER:${NONE}/\n")
    assert [(each.host, each.port) for each in script.urls] == [("localhost", 8443), ("$OTHER", None)]
