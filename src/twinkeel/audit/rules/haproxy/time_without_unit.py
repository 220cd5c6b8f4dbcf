"""A small time without a unit: milliseconds where seconds were meant."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_haproxy
from twinkeel.liveconfig.haproxy_file import Line
from twinkeel.liveconfig.haproxy_model import HaproxyConfig
from twinkeel.liveconfig.words import Word

_SECTIONS = ("defaults", "frontend", "backend", "listen")
_SERVER_TIMES = frozenset(("inter", "fastinter", "downinter", "slowstart", "tcp-ut"))
_SERVER_LINES = ("server", "default-server", "server-template")
SMALLEST = 1000


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for section in config.file.of_kind(*_SECTIONS):
        for line in section.lines:
            for what, word in _times(line):
                if word.text.isdecimal() and 0 < int(word.text) < SMALLEST:
                    yield at(word, f"{what} {word.text} has no unit: HAProxy reads milliseconds")


def _times(line: Line) -> Iterator[tuple[str, Word]]:
    if line.keyword == "timeout" and len(line.words) > 2:
        yield f"timeout {line.value()}", line.words[2]
    elif line.keyword in _SERVER_LINES:
        for keyword, word in zip(line.words, line.words[1:], strict=False):
            if keyword.text in _SERVER_TIMES:
                yield keyword.text, word


RULE = Rule(
    name="time-without-unit",
    severity="error",
    what="a `timeout`, `inter`, `fastinter`, `downinter` or `slowstart` below 1000 without a unit.",
    why="HAProxy's times are in milliseconds unless they say otherwise. `timeout client 50` closes every connection that "
    "is quiet for a twentieth of a second; `inter 2` asks each API server 500 times a second.",
    fix="write the unit: `2s`, or `250ms` where it is meant",
    source="HAProxy's manual, 2.5 Time format",
    bad=Example(
        haproxy="""\
backend kubernetes
    timeout server «50»
    server master-1 192.168.1.101:6443 check inter «2» fall 3
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    timeout server 3600000
    timeout queue 0
    server master-1 192.168.1.101:6443 check inter 250ms fall 3 weight 10
"""
    ),
    check=each_haproxy(check),
)
