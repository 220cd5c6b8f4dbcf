"""A word that today's HAProxy refuses."""

import re
from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_file import Line, Section
from twinkeel.liveconfig.haproxy_model import HaproxyConfig

# HAProxy 2.6.12, run: each is an alert, and HAProxy does not start. The versions are those of its own words.
_LONG_AGO = "2.6 (if not earlier)"
_RULES = re.compile(r"(?:req|rsp)(?:add|i?(?:rep|del|deny|pass|allow|setbe|tarpit))")
_WORDS = {
    "redispatch": "2.1",
    "clitimeout": "2.1",
    "srvtimeout": "2.1",
    "contimeout": "2.1",
    "block": "2.1",
    "monitor-net": _LONG_AGO,
    "appsession": "1.6",
    "grace": "2.5",
}
_GLOBAL = {"nbproc": "2.5"}
_PAIRS = {
    ("option", "forceclose"): "2.0",
    ("option", "http-tunnel"): "2.1",
    ("option", "http_proxy"): "2.5",
    ("timeout", "clitimeout"): "2.1",
    ("timeout", "srvtimeout"): "2.1",
    ("timeout", "contimeout"): "2.1",
    ("mode", "health"): _LONG_AGO,
}
_PROXIES = ("defaults", "frontend", "backend", "listen")


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for section in config.file.of_kind("global", *_PROXIES):
        address = section.header.value(2)
        if section.kind in ("frontend", "listen") and ":" in address:
            message = f"HAProxy {_LONG_AGO} and later take addresses from `bind` alone: they do not start with {address}"
            yield Finding(message, section.header.words[2].place)
        for line in section.lines:
            since = _removed_in(section, line)
            if since and not line.conditions:
                words = line.words[: 2 if (line.keyword, line.value()) in _PAIRS else 1]
                text = " ".join(word.text for word in words)
                yield Finding(f"HAProxy {since} and later do not start with `{text}`", words[0].to(words[-1]))


def _removed_in(section: Section, line: Line) -> str | None:
    if section.kind == "global":
        return _GLOBAL.get(line.keyword)
    found = _WORDS.get(line.keyword) or _PAIRS.get((line.keyword, line.value()))
    return "2.1" if not found and _RULES.fullmatch(line.keyword) else found


RULE = Rule(
    name="removed-keyword",
    severity="error",
    what="a word that HAProxy once took and refuses today: `nbproc`, `clitimeout`, `reqadd`, `option forceclose`, "
    "`listen NAME *:80` and others.",
    why="The file works until HAProxy is upgraded, with the distribution or without. Then HAProxy does not start, "
    "on both hosts alike.",
    fix="what `haproxy -c` names in its place: `timeout client`, `http-request`, `bind`; `nbproc` needs nothing",
    source="HAProxy 2.6.12, run",
    versions="each word since the version that the finding names",
    bad=Example(
        haproxy="""\
global
    log /dev/log local0
    user haproxy
    hard-stop-after 10m
    «nbproc» 2

listen api «*:6443»
    mode tcp
    «clitimeout» 50000
    «option forceclose»
    server master-1 192.168.1.101:6443 check
""",
        checker_complains=True,
    ),
    good=Example(
        haproxy="""\
listen api
    bind *:6443
    mode tcp
    timeout client 50s
    option httpclose
    server master-1 192.168.1.101:6443 check
"""
    ),
    check=each_haproxy(check),
)
