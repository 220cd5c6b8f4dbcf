"""A check that may last longer than the pause between two of them."""

from collections.abc import Iterator

from twinkeel.audit.check_script import scripts_of
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host
from twinkeel.liveconfig.keepalived.model import DEFAULT_INTERVAL


def check(host: Host) -> Iterator[Finding]:
    for definition, script in scripts_of(host):
        interval, deadline = definition.seconds("interval", DEFAULT_INTERVAL), script.longest
        if deadline is not None and deadline >= interval:
            line = definition.statement.last("interval") or definition.statement
            message = f"one check may take {deadline:g} s and the next one is due after {interval:g} s: failures are counted late"
            yield Finding(message, line.place)


RULE = Rule(
    name="check-longer-than-interval",
    severity="warning",
    what="a tracked script whose requests together may take as long as the script's `interval`, or longer.",
    why="Keepalived leaves out a check that is due while the last one still runs. With a HAProxy that hangs, `fall` "
    "checks take `fall` times the request's limit, not the interval: the outage is longer than the file says. "
    "Keepalived 2.1.3 to 2.3.2 start a second one beside it.",
    fix="a request limit of half the interval",
    source="keepalived.conf(5), vrrp_script; acassen/keepalived's release notes of 2.3.3",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/curl -fks --max-time 4 https://localhost:6443/healthz"
    «interval 3»
}
"""
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/curl -fks --max-time 1 https://localhost:6443/healthz"
    interval 3
}
"""
    ),
    check=each_host(check),
)
