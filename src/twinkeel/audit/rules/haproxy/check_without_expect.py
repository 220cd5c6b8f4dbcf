"""An HTTP check that is content with any 2xx or 3xx."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        option = proxy.check_option
        if option is not None and option.value() == "httpchk" and not proxy.lines("http-check", "expect"):
            yield Finding(
                "the check says no status: a redirect passes for a healthy API server", option.words[0].to(option.words[1])
            )


RULE = Rule(
    name="check-without-expect",
    severity="warning",
    what="an HTTP check of API servers without `http-check expect`.",
    why="Without it any answer from 200 to 399 counts. An authenticating proxy or another server on the port redirects, "
    "and passes.",
    fix="add `http-check expect status 200`",
    source="HAProxy's manual, `option httpchk`",
    bad=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    «option httpchk» GET /readyz
    server master-1 192.168.1.101:6443 check check-ssl verify none
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option httpchk GET /readyz
    http-check expect rstatus ^200$
    server master-1 192.168.1.101:6443 check check-ssl verify none
"""
    ),
    check=each_haproxy(check),
)
