"""A check that takes long to notice that HAProxy is dead."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_keepalived
from twinkeel.liveconfig.keepalived.model import DEFAULT_INTERVAL, VrrpConfig

LONGEST = 10.0


def check(config: VrrpConfig) -> Iterator[Finding]:
    for definition in config.definitions:
        interval, fall = definition.seconds("interval", DEFAULT_INTERVAL), definition.count("fall")
        if definition.kind == "script" and interval * fall > LONGEST:
            message = f"{definition.name} fails after up to {interval * fall:g} s: {fall} times {interval:g} s"
            yield Finding(message, (definition.statement.last("fall", "interval") or definition.statement).place)


RULE = Rule(
    name="slow-check",
    severity="warning",
    what="a `vrrp_script` whose `interval` times `fall` is more than 10 s.",
    why="HAProxy is dead, and for that long nothing happens. VRRP's own timer comes on top where the script has a weight.",
    fix="`interval 1` and `fall 2`; or a hook of the service manager that writes to a tracked file, which takes milliseconds",
    source="keepalived.conf(5); measured side by side, docs/benchmarks.md",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    interval 3
    «fall 10»
}
"""
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    interval 3
    fall 3
    rise 10
}
"""
    ),
    check=each_keepalived(check),
)
