"""A fault's files and the same files mended: the rule finds the one and says nothing of the other."""

from dataclasses import dataclass

from twinkeel.audit.pair import Host, Pair, Script
from twinkeel.audit.registry import find_rule
from twinkeel.liveconfig.haproxy_file import parse_haproxy
from twinkeel.liveconfig.haproxy_model import build_haproxy
from twinkeel.liveconfig.keepalived.model import VrrpConfig
from twinkeel.liveconfig.keepalived.resolve import resolve_keepalived
from twinkeel.source import SourceFile


@dataclass(frozen=True)
class Files:
    """One host's files; empty ones are not there."""

    haproxy: str = ""
    keepalived: str = ""
    script: str = ""


def found(rule: str, *hosts: Files) -> int:
    """How often the rule finds something in these hosts' files."""
    known = find_rule(rule)
    assert known is not None, rule
    pair = Pair(tuple(_host(number, files) for number, files in enumerate(hosts, 1)))
    return len(list(known.check(pair)))


def _host(number: int, files: Files) -> Host:
    name = f"lb-{number}"
    haproxy = build_haproxy(parse_haproxy([SourceFile("haproxy.cfg", files.haproxy)])) if files.haproxy else None
    keepalived = VrrpConfig(resolve_keepalived(SourceFile("keepalived.conf", files.keepalived), name, lambda _source, _pattern: ()))
    scripts = (Script("/run/check.sh", SourceFile("check.sh", files.script)),) if files.script else ()
    return Host(name, haproxy, keepalived if files.keepalived else None, scripts)
