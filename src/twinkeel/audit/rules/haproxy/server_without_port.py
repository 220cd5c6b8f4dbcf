"""A server address without a port."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Server


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.of_kind("backend", "listen"):
        for server in proxy.servers:
            word = server.address_word
            # Unchecked, it may be meant: the client's own port, or (0.0.0.0) its own destination.
            if word is not None and server.has("check") and _lacks_port(server, word.text):
                yield at(word, f"{server.name} has no port: HAProxy uses the one that the client came to")


def _lacks_port(server: Server, text: str) -> bool:
    if "$" in text or text.startswith(("/", "unix@", "abns@", "fd@", "sockpair@", "rhttp@")) or ":+" in text or ":-" in text:
        return False
    if text.startswith("_") and server.has("resolvers"):
        # An SRV record brings the port with it.
        return False
    return server.port is None


RULE = Rule(
    name="server-without-port",
    severity="error",
    what="a checked `server` whose address has no port.",
    why="HAProxy then connects to the port that the client used. With a frontend on 8443 and API servers on 6443 nobody "
    "gets through; with `check` HAProxy does not start.",
    fix="write the port: `192.168.1.101:6443`",
    source="HAProxy's manual, `server`; `haproxy -c` refuses it where the server is checked",
    bad=Example(
        haproxy="""\
backend kubernetes
    server master-1 «192.168.1.101» check
""",
        checker_complains=True,
    ),
    good=Example(
        haproxy="""\
resolvers cluster
    nameserver one 192.168.1.1:53

backend discovered
    server-template master 3 _https._tcp.api.example.com resolvers cluster init-addr none check

backend kubernetes
    server master-1 192.168.1.101:6443 check
    server local /run/api.sock check
    server as-the-client 192.168.1.102
    server six [fd00::1]:6443 check
"""
    ),
    check=each_haproxy(check),
)
