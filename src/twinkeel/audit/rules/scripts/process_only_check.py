"""A check that looks whether a process or a port is there."""

from collections.abc import Iterator

from twinkeel.audit.check_script import PORT, PROCESS, scripts_of
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host

_WHAT = {"process": (PROCESS, "a process exists"), "port": (PORT, "a port takes connections")}


def check(host: Host) -> Iterator[Finding]:
    tracked = {tracker.word.text for instance in host.instances for tracker in instance.trackers if tracker.kind == "script"}
    scripts = [(definition, script) for definition, script in scripts_of(host) if definition.name in tracked]
    if any(script.looks_at == "request" for _, script in scripts):
        return
    for definition, script in scripts:
        if script.looks_at in _WHAT:
            pattern, what = _WHAT[script.looks_at]
            command, match = next(script.find(pattern))
            yield Finding(f"{definition.name} passes while {what}: one that hangs is never noticed", command.place(match))


RULE = Rule(
    name="process-only-check",
    severity="warning",
    what="a tracked script that looks for a process or a listening port, where no other one makes a request.",
    why="A HAProxy that hangs has a process and a port; the kernel takes connections for it. Measured: every client "
    "waits, longer than 45 s, until a person comes.",
    fix="make a request: `monitor-uri /live` in a frontend on loopback, and `curl --fail --max-time 1` in the check",
    source="measured side by side, docs/benchmarks.md",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/«killall -0» haproxy"
    interval 2
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        haproxy
    }
}
"""
    ),
    good=Example(
        keepalived="""\
vrrp_script process {
    script "/usr/bin/killall -0 haproxy"
    interval 1
}
vrrp_script answer {
    script "/usr/bin/curl -fs -m 1 http://127.0.0.1:8404/live"
    interval 2
}
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
    track_script {
        process
        answer
    }
}
"""
    ),
    check=each_host(check),
)
