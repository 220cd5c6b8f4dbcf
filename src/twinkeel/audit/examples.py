"""The examples of rules as whole pairs, and the marks in them. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from twinkeel.audit.pair import Host, Pair, Script
from twinkeel.audit.rule import Example
from twinkeel.liveconfig.haproxy_file import parse_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, build_haproxy
from twinkeel.liveconfig.inventory import ALL, Inventory
from twinkeel.liveconfig.inventory_yaml import read_variables, read_yaml_inventory
from twinkeel.liveconfig.keepalived.model import VrrpConfig
from twinkeel.liveconfig.keepalived.resolve import resolve_keepalived
from twinkeel.source import SourceFile, Span

SCRIPT_PATH = "/etc/keepalived/check.sh"
OPEN, CLOSE = "«", "»"
# What goes before an example that has no such section: as it should be.
_GLOBAL = """\
global
    log /dev/log local0
    user haproxy
    group haproxy
    hard-stop-after 10m
"""
_DEFAULTS = """\
defaults
    log global
    mode tcp
    option redispatch 1
    option tcpka
    timeout connect 1s
    timeout check 2s
    timeout client 1h
    timeout server 1h
"""


@dataclass(frozen=True, slots=True)
class Marked:
    """A text without its marks, and what they stand around."""

    text: str
    spans: tuple[Span, ...]


def unmarked(text: str) -> Marked:
    """Take the marks out of an example."""
    spans = []
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        parts = re.split(f"({OPEN}[^{CLOSE}]*{CLOSE})", line)
        clean = ""
        for part in parts:
            if part.startswith(OPEN):
                spans.append(Span(number, len(clean) + 1, len(part) - 2))
                part = part[1:-1]
            clean += part
        lines.append(clean)
    return Marked("\n".join(lines), tuple(spans))


def haproxy_preamble(text: str) -> str:
    """The sections that an example of haproxy.cfg lacks."""
    wanted = (("global", _GLOBAL), ("defaults", _DEFAULTS))
    return "".join(section for name, section in wanted if not re.search(rf"^«?{name}\b", text, re.MULTILINE))


def example_files(example: Example) -> Iterator[tuple[str, str]]:
    """Each file of an example by name, with its marks; those that are not part of it are left out."""
    files = (
        ("lb-1/haproxy.cfg", example.haproxy),
        ("lb-1/keepalived.conf", example.keepalived),
        ("lb-1/check.sh", example.script),
        ("lb-2/haproxy.cfg", example.peer_haproxy),
        ("lb-2/keepalived.conf", example.peer_keepalived),
        ("inventory/hosts.yaml", example.inventory),
        ("inventory/group_vars/all.yml", example.group_vars),
    )
    return ((name, text) for name, text in files if text)


def example_pair(example: Example) -> Pair:
    """The pair that an example stands for."""
    sources = {name: SourceFile(name, unmarked(text).text) for name, text in example_files(example)}
    hosts = []
    for name in ("lb-1", "lb-2"):
        haproxy, keepalived = sources.get(f"{name}/haproxy.cfg"), sources.get(f"{name}/keepalived.conf")
        script = sources.get(f"{name}/check.sh")
        if haproxy or keepalived:
            scripts = (Script(SCRIPT_PATH, script),) if script else ()
            hosts.append(Host(name, _haproxy(haproxy), _keepalived(keepalived, name), scripts))
    return Pair(tuple(hosts), inventories=tuple(_inventories(sources)))


def _inventories(sources: Mapping[str, SourceFile]) -> Iterator[Inventory]:
    main, variables = sources.get("inventory/hosts.yaml"), sources.get("inventory/group_vars/all.yml")
    if main is not None:
        inventory = Inventory([main])
        read_yaml_inventory(main, inventory)
        if variables is not None:
            inventory.sources.append(variables)
            inventory.groups[ALL].file_vars = read_variables(variables, inventory)
        yield inventory


def _haproxy(source: SourceFile | None) -> HaproxyConfig | None:
    if source is None:
        return None
    # A file of its own, so that every position in the example stays.
    before = SourceFile("before.cfg", haproxy_preamble(source.text))
    return build_haproxy(parse_haproxy((before, source)))


def _keepalived(source: SourceFile | None, host: str) -> VrrpConfig | None:
    return None if source is None else VrrpConfig(resolve_keepalived(source, host, lambda _source, _pattern: ()))
