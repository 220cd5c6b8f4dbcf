"""A frontend that reads HTTP where clients speak TLS."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_frontends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_frontends(config):
        binds = proxy.binds
        if proxy.mode != "http" or not binds or any("ssl" in bind.parameters for bind in binds):
            continue
        own = [line for line in proxy.section.lines if line.keyword == "mode"]
        related = () if own else tuple((line.place, "the mode comes from here") for line in proxy.lines("mode")[-1:])
        message = f"{proxy.name} reads HTTP, its clients speak TLS: every connection ends with 400"
        yield Finding(message, own[-1].place if own else proxy.place, related)


RULE = Rule(
    name="http-mode-before-tls",
    severity="error",
    what="a frontend in `mode http` without a certificate, before API servers.",
    why="kubectl's first bytes are a TLS greeting. HAProxy reads them as an HTTP request, answers 400 and closes. "
    "Distributions' default haproxy.cfg says `mode http` in `defaults`, so that a frontend which says nothing has it.",
    fix="`mode tcp` in the frontend and in its backend",
    source="HAProxy's manual, `mode`",
    bad=Example(
        haproxy="""\
frontend endpoint
    «mode http»
    bind *:6443
    default_backend kubernetes

backend kubernetes
    mode http
    server master-1 192.168.1.101:6443 check
"""
    ),
    good=Example(
        haproxy="""\
defaults
    log global
    mode http
    timeout connect 1s
    timeout client 1h
    timeout server 1h

frontend endpoint
    mode tcp
    bind *:6443
    default_backend kubernetes

backend kubernetes
    mode tcp
    server master-1 192.168.1.101:6443 check
"""
    ),
    check=each_haproxy(check),
)
