"""`close-spread-time` where it does nothing."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    line = config.global_line("close-spread-time")
    if line is not None and any(proxy.mode == "tcp" for proxy in api_backends(config)):
        yield Finding(
            "connections in mode tcp are not closed over this time: they live until hard-stop-after, and end together", line.place
        )


RULE = Rule(
    name="idle-spread-time",
    severity="info",
    what="`close-spread-time` with backends in `mode tcp`.",
    why="It spreads the end of idle HTTP connections of an old process. In mode tcp connections live until "
    "`hard-stop-after`, and are then all cut at one moment.",
    fix="choose `hard-stop-after` with that in mind",
    source="HAProxy 2.6.12, 3.0.11 and 3.2.26, run",
    versions="2.6 and later",
    bad=Example(
        haproxy="""\
global
    log /dev/log local0
    user haproxy
    hard-stop-after 10m
    «close-spread-time 30s»

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
    hard-stop-after 10m
    close-spread-time 30s

backend web
    mode http
    timeout connect 1s
    timeout server 1m
    server one 192.168.1.131:80 check
"""
    ),
    check=each_haproxy(check),
)
