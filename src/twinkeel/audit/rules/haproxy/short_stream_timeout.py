"""Timeouts that end quiet streams: exec, logs, port-forward, watch."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_file import Line
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy
from twinkeel.liveconfig.times import haproxy_seconds

SHORTEST = 600.0


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for backend in api_backends(config):
        for line in _deciding(config, backend):
            time = haproxy_seconds(line.value(2))
            if time is not None and time < SHORTEST:
                text = f"timeout {line.value()} {line.value(2)} ends `kubectl exec`, `logs -f` and watches that are quiet as long"
                yield Finding(text, line.place)


def _deciding(config: HaproxyConfig, backend: Proxy) -> list[Line]:
    """The lines that say how long a quiet stream lives: `timeout tunnel` replaces the others."""
    tunnel = backend.last("timeout", "tunnel")
    if tunnel is not None:
        return [tunnel]
    found = [backend.last("timeout", "server"), *(front.last("timeout", "client") for front in config.frontends_of(backend))]
    return [line for line in found if line is not None]


RULE = Rule(
    name="short-stream-timeout",
    severity="warning",
    what="a stream timeout below 10 minutes (`timeout tunnel`, or else `timeout client` and `timeout server`) before API servers.",
    why="A shell, a log that nobody writes to, and a watch without events carry nothing for minutes. The proxy cuts them, "
    "and users see `error: unexpected EOF`; every controller whose watch is cut lists everything anew.",
    fix="`timeout client 1h`, `timeout server 1h`, and TCP keep-alives to find dead ends (`option clitcpka`, `option srvtcpka`)",
    source="HAProxy's manual, `timeout tunnel`; k3s and kubeadm users' reports",
    bad=Example(
        haproxy="""\
defaults
    log global
    mode tcp
    timeout connect 1s
    «timeout client 50s»
    «timeout server 50s»

frontend endpoint
    bind *:6443
    default_backend kubernetes

backend kubernetes
    server master-1 192.168.1.101:6443 check
"""
    ),
    good=Example(
        haproxy="""\
defaults
    log global
    mode tcp
    timeout connect 1s
    timeout client 50s
    timeout server 50s
    timeout tunnel 4h

frontend endpoint
    bind *:6443
    default_backend kubernetes

backend kubernetes
    server master-1 192.168.1.101:6443 check
"""
    ),
    check=each_haproxy(check),
)
