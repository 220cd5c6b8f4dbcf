"""A check whose option stands in `defaults`, and one of whose rules stands in the backend."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_file import Line
from twinkeel.liveconfig.haproxy_model import CHECK_OPTIONS, HaproxyConfig, Proxy

# They say how the outcome is taken, and are no steps of the check.
_NO_STEPS = ("disable-on-404", "send-state")


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.of_kind("backend", "listen"):
        option = proxy.check_option
        steps = [line for line in proxy.section.named("http-check") if line.value() not in _NO_STEPS]
        if not steps or option is None or option.value() != "httpchk" or _says_it_itself(proxy, steps):
            continue
        sends = any(line.value() == "send" for line in steps)
        asked = "`OPTIONS /` is requested" if sends else "no request is sent, the check times out"
        message = f"with a rule of its own this section gets neither the request nor the rules of `defaults`: {asked}"
        yield Finding(message, steps[0].place, ((option.place, "the request that is lost"),))


def _says_it_itself(proxy: Proxy, steps: list[Line]) -> bool:
    if any(line.value() in CHECK_OPTIONS for line in proxy.section.named("option")):
        return True
    return any(line.value() == "send" and "uri" in [word.text for word in line.words] for line in steps)


RULE = Rule(
    name="partly-inherited-check",
    severity="error",
    what="`http-check` rules in a backend whose `option httpchk` stands in `defaults`.",
    why="The steps of a check are one list, which is inherited as a whole or not at all, and the path of the option is part of it. "
    "A backend that only adds a header requests `OPTIONS /` and takes a redirect for health; one that only repeats what it expects "
    "sends nothing at all, and its servers stay DOWN.",
    fix="repeat `option httpchk` with its path, and every rule, in the backend",
    source="HAProxy 2.6.12, 3.0.11 and 3.2.26, run (findings/haproxy-check-rules-are-not-added.sh); `haproxy -c` says nothing",
    bad=Example(
        haproxy="""\
defaults
    mode tcp
    timeout connect 1s
    timeout client 1m
    timeout server 1m
    option httpchk GET /readyz
    http-check expect status 200

backend kubernetes
    «http-check send hdr Host kubernetes»
    server master-1 192.168.1.101:6443 check check-ssl verify none
"""
    ),
    good=Example(
        haproxy="""\
defaults
    mode tcp
    timeout connect 1s
    timeout client 1m
    timeout server 1m
    option httpchk GET /readyz
    http-check expect status 200

backend kubernetes
    http-check disable-on-404
    server master-1 192.168.1.101:6443 check check-ssl verify none

backend other
    option httpchk GET /healthz
    http-check send hdr Host kubernetes
    http-check expect status 200
    server other-1 192.168.1.101:8443 check check-ssl verify none
"""
    ),
    check=each_haproxy(check),
)
