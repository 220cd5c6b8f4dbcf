"""Two check options in one section, of which the last one counts."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import CHECK_OPTIONS, HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for section in config.file.of_kind("defaults", "backend", "listen"):
        found = [line for line in section.lines if line.keyword == "option" and line.value() in CHECK_OPTIONS]
        found = [line for line in found if not line.conditions]
        for line in found[:-1]:
            if line.value() != found[-1].value():
                message = f"`option {line.value()}` does nothing here: `option {found[-1].value()}` comes later and replaces it"
                yield Finding(message, line.words[0].to(line.words[1]), ((found[-1].place, "this one counts"),))


RULE = Rule(
    name="overridden-check",
    severity="error",
    what="two check options in one section.",
    why="HAProxy keeps the last check option and drops the others without a word. The check that was meant is never made.",
    fix="keep one check option",
    source="HAProxy 2.6.12, 3.0.11 and 3.2.26, run; `haproxy -c` says nothing",
    bad=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    «option httpchk» GET /healthz
    option tcp-check
    server master-1 192.168.1.101:6443 check
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option tcp-check
    option tcp-check
    option log-health-checks
    server master-1 192.168.1.101:6443 check
"""
    ),
    check=each_haproxy(check),
)
