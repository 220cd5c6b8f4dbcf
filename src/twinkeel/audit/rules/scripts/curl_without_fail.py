"""curl that is content with any answer."""

import re
from collections.abc import Iterator

from twinkeel.audit.check_script import Request, scripts_of
from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host

_FAILS = re.compile(r"(?<=\s)(?:--fail(?:-with-body)?(?=\s|$)|-[a-zA-Z]*f[a-zA-Z]*(?=\s|$))")
# The answer itself is looked at: a status, a text.
_LOOKS = re.compile(r"\bgrep\b|\bjq\b|==|\s=\s|\[\[")


def check(host: Host) -> Iterator[Finding]:
    for definition, script in scripts_of(host):
        for request in script.requests:
            if request.program == "curl" and not _FAILS.search(request.text) and not _looked_at(request):
                message = f"{definition.name} passes for every answer: curl without --fail is content with a 500"
                yield Finding(message, request.place)


def _looked_at(request: Request) -> bool:
    """A status that nobody takes is only printed."""
    return bool(_LOOKS.search(request.line)) or (request.taken and "http_code" in request.text)


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
vrrp_script status {
    script "/usr/bin/«curl» -s -o /dev/null -w %{http_code} -m 1 https://localhost:6443/readyz"
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
echo "curl is content with any answer"
[ "$(curl -sk -m 2 -o /dev/null -w '%{http_code}' https://localhost:6443/)" = 200 ]
""",
    ),
    check=each_host(check),
)
