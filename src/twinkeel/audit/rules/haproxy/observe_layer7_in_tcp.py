"""`observe layer7` where no HTTP is read."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.of_kind("backend", "listen"):
        for server in proxy.servers if proxy.mode == "tcp" else ():
            observe = server.parameters.get("observe")
            if observe is not None and observe.text == "layer7":
                yield Finding("in mode tcp there are no HTTP answers to observe: HAProxy ignores it", observe.place)


RULE = Rule(
    name="observe-layer7-in-tcp",
    severity="error",
    what="`observe layer7` in `mode tcp`.",
    why="HAProxy prints an alert, ends its check with success, and runs without it.",
    fix="`observe layer4`, or nothing: checks of `/readyz` find what matters",
    source="HAProxy's manual, 5.2 `observe`; HAProxy 2.6.12, run",
    bad=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    server master-1 192.168.1.101:6443 check «observe layer7»
""",
        checker_complains=True,
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    server master-1 192.168.1.101:6443 check observe layer4 error-limit 10 on-error fastinter
"""
    ),
    check=each_haproxy(check),
)
