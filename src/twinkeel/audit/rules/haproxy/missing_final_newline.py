"""A last line without an end."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig
from twinkeel.liveconfig.words import Place
from twinkeel.source import Span


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for source in config.file.sources:
        if source.text and not source.text.endswith("\n"):
            last = source.lines[-1]
            column = len(last) - len(last.lstrip()) + 1
            span = Span(len(source.lines), column, max(len(last.strip()), 1))
            yield Finding("the last line has no newline: HAProxy takes the file for truncated", Place(source, span))


RULE = Rule(
    name="missing-final-newline",
    severity="error",
    what="a haproxy.cfg whose last line does not end.",
    why="HAProxy takes such a file for one that was cut while it was copied. From 2.3 on it refuses it: the reload fails, "
    "and the next boot has no HAProxy.",
    fix="end the last line",
    source="HAProxy 2.6.12, run",
    versions="2.3 and later; a warning in 2.1 and 2.2",
    bad=Example(
        haproxy="""\
frontend endpoint
    bind *:6443
    «default_backend kubernetes»""",
        checker_complains=True,
    ),
    good=Example(
        haproxy="""\
frontend endpoint
    bind *:6443
"""
    ),
    check=each_haproxy(check),
)
