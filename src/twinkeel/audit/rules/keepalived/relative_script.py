"""A tracked script that is no absolute path."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_keepalived
from twinkeel.liveconfig.keepalived.model import VrrpConfig


def check(config: VrrpConfig) -> Iterator[Finding]:
    for definition in config.definitions:
        words = definition.command
        if definition.kind == "script" and words and not words[0].text.lstrip("'\" ").startswith(("/", "<", "$")):
            yield at(words[0], "a script without an absolute path is looked for in Keepalived's own PATH, or not found")


RULE = Rule(
    name="relative-script",
    severity="warning",
    what="a `script` whose program has no absolute path.",
    why="Keepalived looks it up in a PATH of its own, which is not that of a shell. What is not found is disabled, and "
    "the instance runs without the check; shell words such as `[`, `test a && b` or pipes do not work at all.",
    fix='the whole path: `script "/usr/bin/pgrep -x haproxy"`',
    source="keepalived.conf(5); Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script «"pgrep -x haproxy"»
}
"""
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
}
vrrp_script process {
    script '/usr/bin/killall -0 haproxy'
}
"""
    ),
    check=each_keepalived(check),
)
