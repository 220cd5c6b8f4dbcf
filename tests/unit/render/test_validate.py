"""What the checkers say, read: their lines, and whose lines they are. The checkers themselves run in the golden tests."""

import pytest

from twinkeel.render import validate
from twinkeel.render.extra_lines import ExtraLine

HAPROXY = """\
global
    maxcon 8000
    # BEGIN lines of the spec: haproxy.extra.global
    one
    tune.bufsise 1
    # END lines of the spec: haproxy.extra.global
"""

SAID_BY_2_2 = """\
[NOTICE] 325/195737 (3153) : haproxy version is 2.2.0
[ALERT] 325/195737 (3153) : parsing [/haproxy.cfg:14] : unknown keyword 'close-spread-time' in 'global' section
[ALERT] 325/195737 (3153) : Error(s) found in configuration file : /haproxy.cfg
"""
SAID_BY_3_2 = """\
[NOTICE]   (26081) : path to executable is /usr/sbin/haproxy
[WARNING]  (26081) : config : Parsing [/haproxy.cfg:47]: backend 'x' has the same name as frontend 'x' declared at /haproxy.cfg:40.
[ALERT]    (26081) : config : Fatal errors found in configuration.
"""


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (SAID_BY_2_2, [(14, "unknown keyword 'close-spread-time' in 'global' section")]),
        (SAID_BY_3_2, [(47, "backend 'x' has the same name as frontend 'x' declared at /haproxy.cfg:40.")]),
        ("Configuration file is valid\n", []),
    ],
)
def test_every_release_of_haproxy_is_understood(said: str, found: list[tuple[int | None, str]]) -> None:
    assert list(validate._haproxy_complaints(said, "/haproxy.cfg")) == found


def test_keepalived_is_understood_and_the_added_line_does_not_count() -> None:
    said = "(/keepalived.conf: Line 14) Unknown keyword 'priorty'\n(api-10.0.0.1) no VIP\n"
    found = list(validate._keepalived_complaints(said, "/keepalived.conf"))
    assert found == [(13, "Unknown keyword 'priorty'"), (None, "(api-10.0.0.1) no VIP")]


def test_the_password_is_not_written_down_for_the_checker() -> None:
    candidate = validate._keepalived_candidate(
        "global_defs {\n}\n    auth_pass s3cret%&\n    file /run/twinkeel/standby\n", "/tmp/x"
    )
    assert "s3cret" not in candidate
    assert "    auth_pass judged\n    file /tmp/x/standby\n" in candidate
    assert candidate.startswith("global_defs {\n    dynamic_interfaces\n")


@pytest.mark.skipif("haproxy" not in validate.installed(), reason="haproxy is not installed")
def test_a_complaint_knows_its_line_of_the_spec() -> None:
    said = validate.validate_file("/etc/haproxy/haproxy.cfg", HAPROXY, host="lb-1")
    assert [(one.host, one.line, one.extra) for one in said if "unknown keyword" in one.text] == [
        ("lb-1", 2, None),
        ("lb-1", 4, ExtraLine("haproxy.extra.global", 1)),
        ("lb-1", 5, ExtraLine("haproxy.extra.global", 2)),
    ]


def test_a_file_without_a_checker_is_not_judged() -> None:
    assert validate.validate_file("/etc/twinkeel/firewall.nft", "nonsense") == ()
