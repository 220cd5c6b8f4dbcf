"""Old processes that live as long as their longest connection."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    if any(True for _ in api_backends(config)) and not config.global_line("hard-stop-after"):
        place = config.globals[0].header.place if config.globals else config.file.sections[0].header.place
        yield Finding("after a reload the old process stays until its last connection ends, which may be never", place)


RULE = Rule(
    name="no-hard-stop-after",
    severity="warning",
    what="a balancer of API servers without `hard-stop-after` in `global`.",
    why="A reload starts new workers; an old one ends with its last connection. kubelets keep theirs for weeks. Each "
    "reload leaves one more process, with its memory, and an old process runs no health checks: its clients stay with "
    "a dead API server.",
    fix="`hard-stop-after 10m` in `global`",
    source="HAProxy's manual, `hard-stop-after`; HAProxy 2.6.12, 3.0.11 and 3.2.26, run",
    versions="1.8 and later",
    bad=Example(
        haproxy="""\
«global»
    log /dev/log local0
    user haproxy

backend kubernetes
    timeout connect 1s
    timeout server 1h
    server master-1 192.168.1.101:6443 check
"""
    ),
    good=Example(
        haproxy="""\
global
    log /dev/log local0
    user haproxy

backend web
    timeout connect 1s
    timeout server 1m
    server one 192.168.1.131:80 check
"""
    ),
    check=each_haproxy(check),
)
