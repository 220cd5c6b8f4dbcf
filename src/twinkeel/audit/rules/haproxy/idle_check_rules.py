"""`http-check` or `tcp-check` rules under another check option."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy

_NEEDS = {"http-check": "httpchk", "tcp-check": "tcp-check"}


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.of_kind("backend", "listen"):
        option = proxy.check_option
        for keyword, needed in _NEEDS.items():
            idle = [
                line for line in proxy.section.lines if line.keyword == keyword and not line.starts("http-check", "disable-on-404")
            ]
            if idle and (option is None or option.value() != needed) and _is_checked(proxy):
                message = f"`{keyword}` does nothing without `option {needed}`"
                related = () if option is None else ((option.place, "this is the check that is made"),)
                yield Finding(message, idle[0].place, related)


def _is_checked(proxy: Proxy) -> bool:
    return any(server.has("check") for server in proxy.servers)


RULE = Rule(
    name="idle-check-rules",
    severity="error",
    what="`http-check` rules without `option httpchk` in force, or `tcp-check` rules without `option tcp-check`.",
    why="The rules are kept and never used. Servers are checked by a bare connection, or by another option that comes "
    "later, so that an API server which fails `/readyz` stays UP.",
    fix="add the option, or take the later one away",
    source="HAProxy 2.6.12 and 3.2.26, run",
    bad=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option tcp-check
    «http-check expect status 200»
    server master-1 192.168.1.101:6443 check
""",
        checker_complains=True,
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option httpchk GET /readyz
    http-check expect status 200
    server master-1 192.168.1.101:6443 check check-ssl verify none
"""
    ),
    check=each_haproxy(check),
)
