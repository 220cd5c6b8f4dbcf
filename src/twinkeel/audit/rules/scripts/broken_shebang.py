"""A script that the kernel cannot start."""

from collections.abc import Iterator

from twinkeel.audit.check_script import scripts_of
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host
from twinkeel.liveconfig.words import Place
from twinkeel.source import Span


def check(host: Host) -> Iterator[Finding]:
    for _, found in scripts_of(host):
        if found.script is None:
            continue
        source = found.script.source
        first = source.line(1)
        place = Place(source, Span(1, 1, max(len(first), 1)))
        if not first.startswith("#!"):
            yield Finding("the first line is no #!: Keepalived cannot start this file, and takes every check for passed", place)
        elif "\r\n" in source.text:
            yield Finding(
                "lines end as on Windows: the kernel finds no such interpreter, and Keepalived takes every check for passed", place
            )


RULE = Rule(
    name="broken-shebang",
    severity="error",
    what="a tracked script whose first line is not `#!`, or whose lines end in CR LF.",
    why="Keepalived starts the file itself, without a shell. The kernel refuses, Keepalived logs that and takes the "
    "check for passed. HAProxy may be dead: the address stays on its host.",
    fix="`#!/bin/sh` at the very first character; `dos2unix`",
    source="execve(2); Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/etc/keepalived/check.sh"
}
""",
        script="""\
«# Asks HAProxy.»
curl -fs -m 1 http://127.0.0.1:8404/live
""",
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/etc/keepalived/check.sh"
}
""",
        script="""\
#!/usr/bin/env bash
curl -fs -m 1 http://127.0.0.1:8404/live
""",
    ),
    check=each_host(check),
)
