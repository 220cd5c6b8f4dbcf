"""What the haproxy.cfg of a pair that somebody else set up does, and the rendered one does not: it ends with a takeover."""

from collections.abc import Iterator

from twinkeel.liveconfig.haproxy_file import Section, parse_haproxy
from twinkeel.observe.ending import Ending
from twinkeel.source import SourceFile
from twinkeel.topology.model import Topology


def foreign_haproxy(path: str, text: str, rendered: str, topology: Topology) -> Iterator[Ending]:
    """Each listener that neither the spec has a port for nor the `rendered` file has (`haproxy.extra.sections`)."""
    ours = {topology.endpoint.port, *(service.port for service in topology.services)}
    kept = {bind for section in _listening(rendered) for _, _, bind in _binds(section)}
    for section in _listening(text, path):
        for number, port, bind in _binds(section):
            if port not in ours and bind not in kept:
                yield Ending(
                    f"{path}:{number}", f"{section.kind} {section.name} listens on {bind}, which the spec has not: it ends"
                )


def _listening(text: str, path: str = "") -> Iterator[Section]:
    return parse_haproxy([SourceFile(path, text)]).of_kind("frontend", "listen")


def _binds(section: Section) -> Iterator[tuple[int, int | None, str]]:
    for line in section.named("bind"):
        for bind in line.value().split(","):
            port = bind.rpartition(":")[2]
            yield line.place.span.line, int(port) if port.isdecimal() else None, bind
