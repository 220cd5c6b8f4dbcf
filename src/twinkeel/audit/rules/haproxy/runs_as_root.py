"""HAProxy keeps root's rights."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    if config.proxies and not config.global_line("user") and not config.global_line("uid"):
        place = config.globals[0].header.place if config.globals else config.file.sections[0].header.place
        yield Finding("there is no `user` in `global`: the workers that read from the network keep root's rights", place)


RULE = Rule(
    name="runs-as-root",
    severity="warning",
    what="a configuration without `user` (or `uid`) in `global`.",
    why="The service starts as root, and stays root. A flaw in the parser of what comes from the network is then one in "
    "root's hands.",
    fix="`user haproxy`, `group haproxy` and `chroot /var/lib/haproxy`",
    source="HAProxy's manual, `user`, `chroot`",
    bad=Example(
        haproxy="""\
«global»
    log /dev/log local0

frontend endpoint
    bind *:6443
    timeout client 1h
"""
    ),
    good=Example(
        haproxy="""\
global
    log /dev/log local0
    uid 65534

frontend endpoint
    bind *:6443
    timeout client 1h
"""
    ),
    check=each_haproxy(check),
)
