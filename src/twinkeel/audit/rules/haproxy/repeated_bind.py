"""One address and port in two sections."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_haproxy
from twinkeel.liveconfig.haproxy_model import Bind, HaproxyConfig, Proxy

# With one of these two sockets of one address are told apart.
_WAYS = ("interface", "namespace")


def check(config: HaproxyConfig) -> Iterator[Finding]:
    seen: dict[tuple[object, ...], tuple[Proxy, Bind]] = {}
    for proxy in config.of_kind("frontend", "listen"):
        for bind in proxy.binds:
            way = tuple(bind.parameters[name].text if name in bind.parameters else "" for name in _WAYS)
            for address, port in bind.addresses if not bind.line.conditions else ():
                if port is None:
                    continue
                first, its_bind = seen.setdefault((address, port, *way), (proxy, bind))
                if first is not proxy:
                    message = f"{first.name} listens here, too: the kernel gives each new connection to one of the two"
                    yield at(bind.line.words[1], message, (its_bind.line.place, f"{first.name} listens here"))


RULE = Rule(
    name="repeated-bind",
    severity="error",
    what="the same address and port in two `frontend` or `listen` sections.",
    why="HAProxy sets SO_REUSEPORT, so that both listen, and the kernel deals the connections out between them. Half of the "
    "clients reach a section that was forgotten or pasted: it looks like an API that fails now and then.",
    fix="remove one of them, or give it another port",
    source="HAProxy 2.6.12, 3.0.11 and 3.2.26, run (findings/haproxy-same-bind-twice.sh); `haproxy -c` says nothing",
    bad=Example(
        haproxy="""\
frontend api
    bind *:6443
    default_backend kubernetes

frontend old
    bind «*:6443»
    default_backend kubernetes

backend kubernetes
    server master-1 192.168.1.101:6443 check
"""
    ),
    good=Example(
        haproxy="""\
frontend api
    bind 192.168.1.110:6443
    default_backend kubernetes

frontend old
    bind *:6443
    default_backend kubernetes

backend kubernetes
    server master-1 192.168.1.101:6443 check
"""
    ),
    check=each_haproxy(check),
)
