"""Nothing is logged."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    sections = (*config.globals, *config.file.of_kind("defaults", "frontend", "backend", "listen"))
    logs = [line for section in sections for line in section.lines if line.keyword == "log" and line.value() != "global"]
    if config.proxies and not logs:
        place = config.globals[0].header.place if config.globals else config.file.sections[0].header.place
        yield Finding("nothing is logged anywhere: not even that a server went down", place)


RULE = Rule(
    name="no-log",
    severity="warning",
    what="a configuration without a `log` target.",
    why="HAProxy says on its log alone that a server went DOWN, and why. After an incident there is nothing to read.",
    fix="`log /dev/log local0` in `global`, `log global` in `defaults`, and `option log-health-checks`",
    source="HAProxy's manual, `log`",
    bad=Example(
        haproxy="""\
«global»
    maxconn 8000
    user haproxy

frontend endpoint
    bind *:6443
    timeout client 1h
"""
    ),
    good=Example(
        haproxy="""\
global
    maxconn 8000
    user haproxy

frontend endpoint
    log stdout format raw local0
    bind *:6443
    timeout client 1h
"""
    ),
    check=each_haproxy(check),
)
