"""A request that may wait for ever."""

from collections.abc import Iterator

from twinkeel.audit.check_script import scripts_of
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host


def check(host: Host) -> Iterator[Finding]:
    for definition, script in scripts_of(host):
        for request in script.requests:
            if request.limited:
                continue
            message = f"{definition.name} waits without a limit: a HAProxy that hangs is found by Keepalived's own timeout only"
            yield Finding(message, request.place)


RULE = Rule(
    name="request-without-deadline",
    severity="error",
    what="`curl` or `wget` in a tracked script without `--max-time`, `--timeout` or `timeout`.",
    why="HAProxy hangs, the kernel takes the connection (so that `--connect-timeout` alone limits nothing), and the script "
    "waits. Keepalived kills it after `timeout` (by default the script's `interval`), and before 2.2.8 may start a second "
    "one beside it.",
    fix="`--max-time 1`, less than the script's `interval`",
    source="curl(1), --max-time; keepalived.conf(5), vrrp_script",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/«curl» -fks https://localhost:6443/healthz"
    interval 3
}
vrrp_script api {
    script "/etc/keepalived/check.sh"
    interval 5
}
""",
        script="""\
#!/bin/sh
curl -fs -m 1 http://127.0.0.1:8404/live || exit 1
«curl» -fks --connect-timeout 1 \\
    https://localhost:6443/healthz
""",
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/timeout 1.9 /usr/bin/curl -fks https://localhost:6443/healthz"
    interval 3
}
vrrp_script api {
    script "/etc/keepalived/check.sh"
    interval 5
}
""",
        script="""\
#!/bin/sh
T=1
echo "curl is not used here: no -m"
wget -q -T 1 -O /dev/null http://127.0.0.1:8404/live || exit 1
curl -fks --max-time "${T}" https://localhost:6443/healthz || exit 1
curl -fks \\
    -m $UNKNOWN https://localhost:6443/healthz
""",
    ),
    check=each_host(check),
)
