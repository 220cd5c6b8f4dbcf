"""A backend that clients are sent to and that has no server."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy

# A page of statistics is there with any line of it: `stats uri` switches it on as `stats enable` does.
_ANSWERS = (
    *(
        "dispatch",
        "redirect",
        "errorfile",
        "errorfiles",
        "errorloc",
        "errorloc302",
        "errorloc303",
        "http-error",
        "stats",
        "use-server",
    ),
)


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.of_kind("backend"):
        if not proxy.servers and config.frontends_of(proxy) and not _answers(proxy):
            front = config.frontends_of(proxy)[0]
            message = f"backend {proxy.name} has no server: every client of {front.name} is refused"
            yield Finding(message, proxy.place, ((front.place, "sends its clients there"),))


def _answers(proxy: Proxy) -> bool:
    texts = [tuple(word.text for word in line.words) for line in proxy.section.lines]
    by_rule = any(line[0] in ("http-request", "http-response", "tcp-request") for line in texts)
    return by_rule or any(line[0] in _ANSWERS or line[:2] == ("option", "transparent") for line in texts)


RULE = Rule(
    name="empty-backend",
    severity="error",
    what="a backend without servers that a frontend uses.",
    why="HAProxy accepts it, listens, and closes every connection (503 in http mode).",
    fix="add the servers, or take the backend away",
    source="HAProxy 2.6.12, run",
    bad=Example(
        haproxy="""\
frontend endpoint
    bind *:6443
    default_backend kubernetes

«backend kubernetes»
    balance leastconn
"""
    ),
    good=Example(
        haproxy="""\
frontend endpoint
    bind *:80
    mode http
    default_backend elsewhere

backend elsewhere
    mode http
    http-request redirect scheme https
"""
    ),
    check=each_haproxy(check),
)
