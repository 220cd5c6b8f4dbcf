"""An HTTP check that asks for something else than /readyz."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy
from twinkeel.liveconfig.words import Word


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        option = proxy.check_option
        if option is None or option.value() != "httpchk":
            continue
        word = _path(proxy)
        text = word.text if word else "/"
        if text.partition("?")[0] != "/readyz":
            message = f"the check asks for {text}: it passes until the API server has stopped, /readyz fails when it begins to"
            yield Finding(message, word.place if word else option.words[0].to(option.words[1]))


def _path(proxy: Proxy) -> Word | None:
    """The word that says what is asked for."""
    for line in proxy.lines("http-check", "send"):
        for keyword, word in zip(line.words, line.words[1:], strict=False):
            if keyword.text in ("uri", "uri-lf"):
                return word
    option = proxy.check_option
    words = option.words[2:] if option else ()
    return next((word for word in words if word.text.startswith("/")), None)


RULE = Rule(
    name="unready-check",
    severity="warning",
    what="an HTTP check of API servers that asks for another path than `/readyz`.",
    why="An API server that is told to stop fails `/readyz` at once and goes on serving for a while. Who asks `/healthz`, "
    "`/livez`, `/` or `/version` learns of it only when connections are refused, and sends clients there meanwhile.",
    fix="ask for `/readyz`",
    source="kubernetes/kubernetes, PR 88911; Kubernetes' documentation, API health endpoints",
    bad=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option httpchk GET «/healthz»
    http-check expect status 200
    server master-1 192.168.1.101:6443 check check-ssl verify none
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option httpchk GET /readyz?verbose
    http-check expect status 200
    server master-1 192.168.1.101:6443 check check-ssl verify none
"""
    ),
    check=each_haproxy(check),
)
