"""A way for strangers to take servers out of rotation."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.audit.rules.haproxy.open_stats import asks_who, is_public
from twinkeel.liveconfig.haproxy_file import Line
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, split_address

_FOR_ALL = (("if", "TRUE"), ("if", "HTTP"), ("unless", "FALSE"))


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for section in config.globals:
        for line in section.lines:
            if line.starts("stats", "socket") and _is_open(line):
                yield Finding("whoever reaches this port commands HAProxy: servers, connections, certificates", line.place)
    for proxy in config.of_kind("frontend", "listen"):
        for line in proxy.section.lines:
            if line.starts("stats", "admin") and _is_for_all(line) and is_public(proxy) and not asks_who(proxy):
                yield Finding(f"whoever reaches {proxy.name} may take every API server out of rotation", line.place)


def _is_for_all(line: Line) -> bool:
    """Whether the condition holds for every client; what another one looks at may be the client's address."""
    return tuple(word.text for word in line.words[2:]) in _FOR_ALL


def _is_open(line: Line) -> bool:
    texts = [word.text for word in line.words]
    level = texts[texts.index("level") + 1] if "level" in texts[:-1] else "operator"
    address, port = split_address(line.value(2))
    is_network = port is not None and not line.value(2).startswith(("/", "unix@", "abns@", "fd@"))
    return is_network and level == "admin" and not address.startswith(("127.", "::1", "localhost"))


RULE = Rule(
    name="open-admin",
    severity="error",
    what="`stats admin` without a password, or `stats socket ... level admin` on a network address.",
    why="One request takes all API servers out of rotation, or ends all connections. No password is asked for on a socket at all.",
    fix="`stats socket /run/haproxy/admin.sock mode 660 level admin`, and `stats admin` only behind `stats auth`",
    source="HAProxy's manual, `stats admin`, `stats socket`",
    bad=Example(
        haproxy="""\
global
    «stats socket ipv4@*:9999 level admin»
    log /dev/log local0
    user haproxy

listen stats
    bind *:9000
    mode http
    stats enable
    «stats admin if TRUE»
    timeout client 1m
    timeout connect 1s
    timeout server 1m
"""
    ),
    good=Example(
        haproxy="""\
global
    stats socket /run/haproxy/admin.sock mode 660 level admin
    stats socket ipv4@127.0.0.1:9999 level admin
    log /dev/log local0
    user haproxy

listen stats
    bind *:9000
    mode http
    stats enable
    stats auth admin:secret
    stats admin if TRUE
    timeout client 1m
    timeout connect 1s
    timeout server 1m
"""
    ),
    check=each_haproxy(check),
)
