"""A request that may wait for ever."""

import re
from collections.abc import Iterator

from twinkeel.audit.check_script import scripts_of
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host

_REQUEST = re.compile(r"\b(?:curl|wget)(?=\s+[^|;&]*(?:-|http))")


def check(host: Host) -> Iterator[Finding]:
    for definition, script in scripts_of(host):
        if script.deadline is not None:
            continue
        for command, match in script.find(_REQUEST):
            said = f"{definition.name} waits without a limit: a HAProxy that hangs is found by Keepalived's own timeout only"
            yield Finding(said, command.place(match))


RULE = Rule(
    name="request-without-deadline",
    severity="error",
    what="`curl` or `wget` in a tracked script without `--max-time`, `--timeout` or `timeout`.",
    why="HAProxy hangs, the kernel takes the connection, and the script waits. Keepalived kills it after `timeout` (by "
    "default the script's `interval`), and before 2.2.8 may start a second one beside it.",
    fix="`--max-time 1`, less than the script's `interval`",
    source="curl(1), --max-time; keepalived.conf(5), vrrp_script",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/«curl» -fks https://localhost:6443/healthz"
    interval 3
}
"""
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/timeout 1.9 /usr/bin/curl -fks https://localhost:6443/healthz"
    interval 3
}
"""
    ),
    check=each_host(check),
)
