"""Lines of one haproxy.cfg that another one does not have, section by section with what it inherits. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from twinkeel.adopt.draft import at
from twinkeel.adopt.line_change import Change
from twinkeel.adopt.read_haproxy import raw_text
from twinkeel.liveconfig.haproxy_file import PROXIES, Line, Section
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Parameter, Proxy, Server
from twinkeel.liveconfig.times import haproxy_seconds

Roles = Mapping[tuple[str, int], tuple[str, ...]]
# Words after which a line is told from others of its keyword.
_TWO_WORDS = frozenset(("option", "timeout", "http-check", "tcp-check", "stats", "no", "http-request", "tcp-request", "errorfile"))
_TIMES = frozenset(("inter", "fastinter", "downinter", "slowstart", "tcp-ut"))
_OF_FRONTENDS = frozenset(
    (("maxconn",), ("option", "tcplog"), ("option", "httplog"), ("option", "dontlognull"), ("timeout", "client"))
)
_OF_BACKENDS = frozenset((("balance",), ("option", "httpchk"), ("timeout", "check")))
_FRONTEND_WORDS = frozenset(("bind", "mode", "acl", "use_backend", "stats", "monitor-uri", "monitor-net", "unique-id-format"))
_SERVERS = frozenset(("server", "server-template", "default-server"))


class HaproxySide:
    """One configuration, and its proxies by what they are called."""

    def __init__(self, config: HaproxyConfig) -> None:
        self.config = config

    @cached_property
    def by_name(self) -> dict[str, Proxy]:
        """Proxies by name."""
        return {proxy.name: proxy for proxy in self.config.proxies}

    @cached_property
    def by_section(self) -> dict[int, Proxy]:
        """Proxies by their section."""
        return {id(proxy.section): proxy for proxy in self.config.proxies}


def compare_haproxy(one: HaproxySide, other: HaproxySide, roles: Roles) -> Iterator[Change]:
    """Every line of `one` that `other` lacks or says otherwise. `roles`: which of the other's sections do the work of one's."""
    seen: set[tuple[str, int]] = set()
    for section in one.config.file.sections:
        seen |= {at(line.place) for line in (section.header, *section.lines)}
        yield from _section(one, other, roles, section)
    directives = {_text(line) for line in other.config.file.lines if line.keyword.startswith(".")}
    for line in one.config.file.lines:
        if at(line.place) not in seen and not (line.keyword.startswith(".") and _text(line) in directives):
            context = "condition" if line.keyword.startswith(".") else "outside"
            yield Change(line.place, (context, line.keyword), raw_text(line))


def _section(one: HaproxySide, other: HaproxySide, roles: Roles, section: Section) -> Iterator[Change]:
    if section.kind == "global":
        yield from _lines("global", section.lines, [each.lines for each in other.config.globals])
    elif section.kind == "defaults":
        yield from _defaults(one, other, roles, section)
    elif section.kind in PROXIES:
        yield from _proxy(one, other, roles, section)
    else:
        same = [each for each in other.config.file.of_kind(section.kind) if each.name == section.name]
        if not same:
            yield Change(section.header.place, (section.kind, section.kind), raw_text(section.header))
        yield from _lines(section.kind, section.lines, [each.lines for each in same])


def _proxy(one: HaproxySide, other: HaproxySide, roles: Roles, section: Section) -> Iterator[Change]:
    names = roles.get(at(section.header.place), (section.name,))
    counterparts = [other.by_name[name] for name in names if name in other.by_name]
    if not counterparts or (len(names) == 1 and names[0] != section.name) or len(names) > 1:
        peer = " and ".join(raw_text(each.section.header) for each in counterparts)
        place = counterparts[0].section.header.place if counterparts else None
        yield Change(
            section.header.place,
            ("section" if peer else section.kind, section.kind),
            raw_text(section.header),
            peer,
            place,
        )
    plain = [line for line in section.lines if line.keyword not in _SERVERS]
    for line in plain:
        if not _routes(one, other, roles, line):
            yield from _effective(_kind(section, line, bool(counterparts)), line, counterparts)
    yield from _servers(one.by_section[id(section)], counterparts)


def _kind(section: Section, line: Line, known: bool) -> str:
    """frontend or backend; a line of a `listen` section is for one of them."""
    if section.kind != "listen" or not known:
        return section.kind
    return "frontend" if line.keyword in _FRONTEND_WORDS or _key(line) in _OF_FRONTENDS else "backend"


def _defaults(one: HaproxySide, other: HaproxySide, roles: Roles, section: Section) -> Iterator[Change]:
    """A line of `defaults` is the same where every section that inherits it has it on the other side, too."""
    heirs = [proxy for proxy in one.config.proxies if section in proxy.defaults]
    for line in section.lines:
        if line.keyword == "default-server":
            continue
        found: list[Change] = []
        for proxy in heirs:
            names = roles.get(at(proxy.section.header.place), (proxy.name,))
            counterparts = [other.by_name[name] for name in names if name in other.by_name and _concerns(line, other.by_name[name])]
            found += _effective("defaults", line, counterparts) if counterparts else []
        yield from (
            found[:1] if heirs else _lines("defaults", [line], [each.lines for each in other.config.file.of_kind("defaults")])
        )


def _concerns(line: Line, proxy: Proxy) -> bool:
    """Whether a line of `defaults` means anything to a section of that kind."""
    useless = _OF_BACKENDS if proxy.section.kind == "frontend" else _OF_FRONTENDS if proxy.section.kind == "backend" else ()
    return _key(line) not in useless


def _effective(kind: str, line: Line, counterparts: Sequence[Proxy]) -> Iterator[Change]:
    scopes = [[*proxy.section.lines, *(each for section in proxy.defaults for each in section.lines)] for proxy in counterparts]
    yield from _lines(kind, [line], scopes)


def _lines(kind: str, lines: Sequence[Line], scopes: Sequence[Sequence[Line]]) -> Iterator[Change]:
    for line in lines:
        everywhere = [each for scope in scopes for each in scope]
        if any(_same(line, each) for each in everywhere):
            continue
        beside = next((each for each in everywhere if _key(each) == _key(line)), None)
        counterpart = raw_text(beside) if beside else ""
        yield Change(line.place, (kind, *_key(line)), raw_text(line), counterpart, beside.place if beside else None)


def _same(one: Line, other: Line) -> bool:
    if _text(one) == _text(other):
        return True
    if _key(one) != _key(other):
        return False
    if one.keyword == "timeout":
        return _seconds(one, 2) is not None and _seconds(one, 2) == _seconds(other, 2)
    if one.keyword == "log" and len(one.words) > 1 and len(one.words) == len(other.words):
        # Port 514 is the one that is meant without any (HAProxy's manual, `log`).
        return _target(one) == _target(other) and _text(one)[2:] == _text(other)[2:]
    if one.keyword == "bind" and len(one.words) == len(other.words) == 2:
        return one.value().replace("*", "") == other.value().replace("*", "")
    return False


def _target(line: Line) -> str:
    text = line.value()
    return text if text.startswith("/") or ":" in text else f"{text}:514"


def _routes(one: HaproxySide, other: HaproxySide, roles: Roles, line: Line) -> bool:
    """`default_backend` of a section that another name stands for."""
    target = one.config.backend(line.value()) if line.keyword == "default_backend" else None
    names = roles.get(at(target.section.header.place), ()) if target else ()
    return any(name in other.by_name for name in names)


def _servers(proxy: Proxy, counterparts: Sequence[Proxy]) -> Iterator[Change]:
    """Servers by address and port, each parameter by itself: `default-server` lines are told once, at their own place."""
    theirs = {(server.address, server.port): server for each in counterparts for server in each.servers}
    reported: set[tuple[str, int, int]] = set()
    for server in proxy.servers:
        match = theirs.get((server.address, server.port))
        if match is None:
            yield Change(server.line.place, ("server", "server"), raw_text(server.line))
            continue
        if match.name != server.name:
            yield Change(server.line.place, ("server", "name"), raw_text(server.line), raw_text(match.line), match.line.place)
        for parameter in server.parameters.values():
            place = parameter.place
            key = (place.source.name, place.span.line, place.span.column)
            if key not in reported and not _has(match, parameter):
                reported.add(key)
                other = match.parameters.get(parameter.name.text)
                text = _parameter(other) if other else ""
                yield Change(place, ("server", parameter.name.text), _parameter(parameter), text, other.place if other else None)


def _has(server: Server, parameter: Parameter) -> bool:
    name, text = parameter.name.text, parameter.text
    if not server.has(name):
        return False
    if name in _TIMES:
        return haproxy_seconds(text) == server.seconds(name)
    return text == server.text(name)


def _parameter(parameter: Parameter) -> str:
    return " ".join(filter(None, (parameter.name.raw, parameter.value.raw if parameter.value else "")))


def _key(line: Line) -> tuple[str, ...]:
    return (line.keyword, line.value()) if line.keyword in _TWO_WORDS else (line.keyword,)


def _seconds(line: Line, place: int) -> float | None:
    return haproxy_seconds(line.value(place))


def _text(line: Line) -> tuple[str, ...]:
    return tuple(word.text for word in line.words)
