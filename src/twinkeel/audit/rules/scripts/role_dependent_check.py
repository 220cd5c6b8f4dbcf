"""A check that asks more of the holder than of the backup."""

import re
from collections.abc import Iterator

from twinkeel.audit.check_script import scripts_of
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host

_ASKS = re.compile(
    r"\bip\s+(?:-\S+\s+)*a(?:d(?:d(?:r(?:ess)?)?)?)?\b[^|]*\|\s*grep\b|\bhostname\s+-I\b[^|]*\|\s*grep\b|\bifconfig\b[^|]*\|\s*grep\b"
)


def check(host: Host) -> Iterator[Finding]:
    for definition, script in scripts_of(host):
        for command, match in script.find(_ASKS):
            message = f"{definition.name} tests more while this host has the address: the holder can fail where the backup passes"
            yield Finding(message, command.place(match))


RULE = Rule(
    name="role-dependent-check",
    severity="warning",
    what="a tracked script that looks whether the host has the virtual IP (`ip addr | grep VIP`) and then tests more.",
    why="The holder fails the extra test, the backup never makes it, passes, takes the address, and fails it then: the "
    "address goes to and fro. The grep also matches longer addresses: 192.168.1.11 is in 192.168.1.110.",
    fix="the same test on both hosts, of what this host itself serves",
    source="kubeadm's document about high availability, whose script does that",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/etc/keepalived/check.sh"
}
""",
        script="""\
#!/bin/sh
curl -fks -m 1 https://localhost:6443/healthz || exit 1
if «ip addr | grep» -q 192.168.1.110; then
    curl -fks -m 1 https://192.168.1.110:6443/healthz || exit 1
fi
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
# no ip addr | grep here
curl -fks -m 1 https://localhost:6443/healthz
""",
    ),
    check=each_host(check),
)
