"""curl that is content with any answer."""

import re
from collections.abc import Iterator
from dataclasses import replace

from twinkeel.audit.check_script import scripts_of
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host
from twinkeel.liveconfig.words import Place

_CURL = re.compile(r"\bcurl\s[^|;&]*")
_FAILS = re.compile(r"(?<=\s)(?:--fail(?:-with-body)?(?=\s|$)|-[a-zA-Z]*f[a-zA-Z]*(?=\s|$))")
# The answer itself is looked at: a status, a text.
_LOOKS = re.compile(r"http_code|\bgrep\b|\bjq\b|==|\s=\s|\[\[")


def check(host: Host) -> Iterator[Finding]:
    for definition, script in scripts_of(host):
        for command, match in script.find(_CURL):
            if not _FAILS.search(match[0]) and not _LOOKS.search(command.text):
                place = command.place(match)
                place = Place(place.source, replace(place.span, length=len("curl")))
                yield Finding(f"{definition.name} passes for every answer: curl without --fail is content with a 500", place)


RULE = Rule(
    name="curl-without-fail",
    severity="error",
    what="`curl` without `--fail` in a tracked script, where nothing looks at the answer.",
    why="curl ends with 0 whenever it got an answer: 401, 403, 500 and 503 pass. The check only finds out whether the "
    "port answers.",
    fix="`curl --fail`",
    source="curl(1), --fail; the article that this project began with",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/etc/keepalived/check.sh"
}
""",
        script="""\
#!/bin/sh
«curl» --silent --insecure --max-time 2 --output /dev/null https://localhost:6443/ || exit 1
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
curl -sfk --max-time 2 -o /dev/null https://localhost:6443/ || exit 1
[ "$(curl -sk -m 2 -o /dev/null -w '%{http_code}' https://localhost:6443/)" = 200 ]
""",
    ),
    check=each_host(check),
)
