"""What the haproxy.cfg of a pair that somebody else set up does, and the spec does not say: it ends when Twinkeel takes it over."""

from collections.abc import Iterator

from twinkeel.liveconfig.haproxy_file import Section, parse_haproxy
from twinkeel.source import SourceFile
from twinkeel.topology.model import Topology


def foreign_haproxy(path: str, text: str, topology: Topology) -> Iterator[str]:
    """A sentence for each listener that the spec has no port for, with its place."""
    ours = {topology.endpoint.port, *(service.port for service in topology.services)}
    for section in parse_haproxy([SourceFile(path, text)]).of_kind("frontend", "listen"):
        for number, port, bind in _binds(section):
            if port not in ours:
                yield f"{path}:{number}: {section.kind} {section.name} listens on {bind}, which the spec has not: it ends"


def _binds(section: Section) -> Iterator[tuple[int, int | None, str]]:
    for line in section.named("bind"):
        for bind in line.value().split(","):
            port = bind.rpartition(":")[2]
            yield line.place.span.line, int(port) if port.isdecimal() else None, bind
