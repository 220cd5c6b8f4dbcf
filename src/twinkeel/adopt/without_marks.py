"""A pair without the user's raw lines, which our own files mark: they are a key's value, not settings to be read. Pure."""

import re
from dataclasses import replace

from twinkeel.audit.pair import Host, Pair
from twinkeel.liveconfig.haproxy_file import parse_haproxy
from twinkeel.liveconfig.haproxy_model import build_haproxy
from twinkeel.liveconfig.keepalived.model import VrrpConfig
from twinkeel.liveconfig.keepalived.resolve import resolve_keepalived
from twinkeel.source import SourceFile

_MARKED = re.compile(r"^ *# BEGIN lines of the spec: (\S+)\n.*?^ *# END lines of the spec: \1$", re.MULTILINE | re.DOTALL)


def without_marks(pair: Pair) -> Pair:
    """The same pair, every other line where it was; hosts without such lines are the same values."""
    return replace(pair, hosts=tuple(_host(host) for host in pair.hosts))


def _host(host: Host) -> Host:
    haproxy, keepalived = host.haproxy, host.keepalived
    if haproxy is not None and any(_MARKED.search(source.text) for source in haproxy.file.sources):
        haproxy = build_haproxy(parse_haproxy([_blanked(source) for source in haproxy.file.sources]))
    if keepalived is not None and keepalived.config.sources and _MARKED.search(keepalived.config.sources[0].text):
        # Files of ours include nothing; what the user's lines include is theirs.
        keepalived = VrrpConfig(resolve_keepalived(_blanked(keepalived.config.sources[0]), host.name, lambda *_: ()))
    return replace(host, haproxy=haproxy, keepalived=keepalived)


def _blanked(source: SourceFile) -> SourceFile:
    return SourceFile(source.name, _MARKED.sub(lambda found: "\n" * found[0].count("\n"), source.text))
