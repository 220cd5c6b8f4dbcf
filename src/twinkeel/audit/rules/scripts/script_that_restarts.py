"""A check that repairs what it is to report."""

import re
from collections.abc import Iterator

from twinkeel.audit.check_script import scripts_of
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host

_RESTARTS = re.compile(
    r"\bsystemctl\s+(?:-\S+\s+)*(?:re)?(?:start|stop)\s+\S+|\bservice\s+\S+\s+(?:re)?(?:start|stop)\b|\bkillall\s+keepalived\b"
)


def check(host: Host) -> Iterator[Finding]:
    for definition, script in scripts_of(host):
        for command, match in script.find(_RESTARTS):
            yield Finding(f"{definition.name} changes services: each failing check does it again", command.place(match))


RULE = Rule(
    name="script-that-restarts",
    severity="warning",
    what="a tracked script that starts, stops or restarts a service.",
    why="It runs every few seconds, on the backup too. A haproxy.cfg that does not start is started in a loop; a script "
    "that stops Keepalived takes the host out of the pair for good, since nothing starts it again.",
    fix="let the service manager restart (`Restart=on-failure`), and let the check only report",
    source="articles on HAProxy and Keepalived, whose scripts do that",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/etc/keepalived/check.sh"
}
""",
        script="""\
#!/bin/sh
pidof haproxy || «systemctl stop keepalived»
""",
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/etc/keepalived/check.sh"
}
""",
        script="""\
#!/bin/sh
# systemctl restart haproxy
echo "if it is not there: systemctl restart haproxy"
systemctl is-active --quiet haproxy
""",
    ),
    check=each_host(check),
)
