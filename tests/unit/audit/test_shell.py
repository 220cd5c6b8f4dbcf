"""What a line of a script runs, and what it only says."""

import pytest

from twinkeel.audit.shell import MOST_COMMANDS, expanded, simple_commands, variables, without_printed


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ('echo "curl is not used here"', "echo"),
        ("logger -t check 'systemctl stop keepalived' >/dev/null", "logger" + " " * 38 + ">/dev/null"),
        ('errorExit "Error GET https://localhost/"', "errorExit"),
        ('echo "show info" | socat stdio /run/haproxy.sock', 'echo "show info" | socat stdio /run/haproxy.sock'),
        ('echo "now $(curl -m 1 http://a)"', "echo      $(curl -m 1 http://a)"),
        ("echo > /dev/tcp/127.0.0.1/6443", "echo > /dev/tcp/127.0.0.1/6443"),
        ("if ! pidof x; then echo curl http://a; fi", "if ! pidof x; then echo              ; fi"),
        ("fail() { echo curl 1>&2; exit 1; }", "fail() { echo      1>&2; exit 1; }"),
        ('sh -c "curl http://a"', 'sh -c "curl http://a"'),
    ],
)
def test_what_is_only_said_is_left_out(line: str, left: str) -> None:
    assert without_printed(line).rstrip() == left
    assert len(without_printed(line)) == len(line)


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("a b || c 'd; e' && f", ["a b", "c 'd; e'", "f"]),
        ("x=$(curl -s http://a | grep b)", ["curl -s http://a", "grep b", "x="]),
        ("[ `id -u` = 0 ]", ["id -u", "[         = 0 ]"]),
        ('curl "http://a/?x=1&y=2" -f 2>&1', ['curl "http://a/?x=1&y=2" -f 2>&1']),
        ("curl ${A} -w %{http_code}", ["curl ${A} -w %{http_code}"]),
        ("( a; b )", ["a", "b"]),
        ('a "not closed', ['a "not closed']),
        ("a $(not closed", ["not closed", "a"]),
    ],
)
def test_simple_commands(line: str, commands: list[str]) -> None:
    assert [command.text.strip() for command in simple_commands(line)] == commands


def test_who_reads_its_output() -> None:
    commands = simple_commands("x=$(a | b); c || d")
    assert [(each.text.strip(), each.piped, each.captured) for each in commands] == [
        ("a", True, True),
        ("b", False, True),
        ("x=", False, False),
        ("c", False, False),
        ("d", False, False),
    ]


@pytest.mark.parametrize(("line", "assigns"), [('CURL="curl -m 1"', True), ("A=b curl x", False), ("export A='b c' ", True)])
def test_an_assignment(line: str, assigns: bool) -> None:
    assert [command.assigns for command in simple_commands(line)] == [assigns]


def test_a_line_of_very_many_commands_is_taken_as_one() -> None:
    line = "a;" * (MOST_COMMANDS + 1)
    assert [command.text for command in simple_commands(line)] == [line]


def test_variables_with_one_value_are_known() -> None:
    known = variables(iter(["PORT=8443", 'export HOST="a.b"', "X=1", "X=2", "Y=$(id)"]))
    assert known == {"PORT": "8443", "HOST": "a.b"}
    assert expanded("https://$HOST:${PORT}/$Z", known) == "https://a.b:8443/$Z"
