"""A configuration that begins with a byte order mark."""

from collections.abc import Iterator

from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host
from twinkeel.liveconfig.words import BYTE_ORDER_MARK, Place
from twinkeel.source import SourceFile, Span


def check(host: Host) -> Iterator[Finding]:
    for sources, effect in (
        (host.haproxy.file.sources if host.haproxy else (), "HAProxy does not start"),
        (host.keepalived.config.sources if host.keepalived else (), "Keepalived leaves out what the first word begins"),
    ):
        yield from (_finding(source, effect) for source in sources if source.text.startswith(BYTE_ORDER_MARK))


def _finding(source: SourceFile, effect: str) -> Finding:
    return Finding(
        f"the file begins with a byte order mark, which becomes part of the first word: {effect}", Place(source, Span(1, 1))
    )


RULE = Rule(
    name="byte-order-mark",
    severity="error",
    what="a haproxy.cfg or keepalived.conf that begins with a byte order mark (U+FEFF), as some editors write it.",
    why="It cannot be seen, and the daemons take it for a part of the first word. HAProxy then knows no section there and refuses "
    "the file; Keepalived leaves out the first block and starts without it: an instance in that block takes no address.",
    fix="the file as UTF-8 without the mark: `sed -i '1s/^\\xEF\\xBB\\xBF//' haproxy.cfg`",
    source="HAProxy 2.6.12 and Keepalived 2.2.7, run",
    bad=Example(
        haproxy=f"«{BYTE_ORDER_MARK}»global\n    log /dev/log local0\n    user haproxy\n    group haproxy\n", checker_complains=True
    ),
    good=Example(haproxy="global\n    log /dev/log local0\n    user haproxy\n    group haproxy\n"),
    check=each_host(check),
)
