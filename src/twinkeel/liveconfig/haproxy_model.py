"""What haproxy.cfg means: proxies with what they inherit, and servers with their parameters. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from twinkeel.liveconfig.haproxy_file import PROXIES, HaproxyFile, Line, Section
from twinkeel.liveconfig.times import haproxy_seconds, whole_number
from twinkeel.liveconfig.words import Place, Word

# Of two check options the later one alone counts (findings/haproxy-leftover-check-rules.sh).
CHECK_OPTIONS = frozenset(
    (
        *("httpchk", "tcp-check", "ssl-hello-chk", "mysql-check", "pgsql-check", "redis-check", "smtpchk", "ldap-check"),
        *("spop-check", "external-check"),
    )
)
# Parameters of `server` and `bind` that take no value (HAProxy's manual, 5.1 and 5.2); every other one takes one.
_FLAGS = frozenset(
    (
        *("allow-0rtt", "backup", "check", "check-pool-conn-name", "check-send-proxy", "check-ssl", "check-via-socks4", "disabled"),
        *("enabled", "force-sslv3", "force-tlsv10", "force-tlsv11", "force-tlsv12", "force-tlsv13", "non-stick", "send-proxy"),
        *("send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn", "ssl", "ssl-reuse", "stick", "tfo", "tls-tickets"),
        *("accept-proxy", "defer-accept", "transparent", "v4v6", "v6only", "prefer-client-ciphers", "strict-sni"),
        *("generate-certificates", "check-reuse-pool"),
    )
)
_NO_FLAGS = frozenset(
    f"no-{name}"
    for name in (
        *("check", "check-ssl", "ssl", "send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn", "backup"),
        *("ssl-reuse", "tls-tickets", "sslv3", "tlsv10", "tlsv11", "tlsv12", "tlsv13", "stick", "verifyhost", "tfo", "alpn"),
        *("check-send-proxy", "check-reuse-pool"),
    )
)


@dataclass(slots=True)
class Parameter:
    """One parameter of a server or listener; `value` is None for one that takes none."""

    name: Word
    value: Word | None = None

    @property
    def text(self) -> str:
        """Its value; empty where it has none."""
        return self.value.text if self.value else ""

    @property
    def place(self) -> Place:
        """Name and value."""
        return self.name.to(self.value or self.name)


@dataclass(slots=True)
class Server:
    """A `server` line (or `server-template`), with what `default-server` adds."""

    line: Line
    parameters: dict[str, Parameter] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name."""
        return self.line.value(1)

    @property
    def number(self) -> int:
        """How many servers it stands for: `server-template NAME 3` or `2-5`."""
        if self.line.keyword != "server-template":
            return 1
        first, dash, last = self.line.value(2).partition("-")
        low, high = (whole_number(first), whole_number(last)) if dash else (1, whole_number(first))
        return max(high - low + 1, 1) if low is not None and high is not None else 1

    @property
    def address_word(self) -> Word | None:
        """Where it is; None for a line that ends before."""
        place = 3 if self.line.keyword == "server-template" else 2
        return self.line.words[place] if place < len(self.line.words) else None

    @property
    def address(self) -> str:
        """Its address without the port; empty where it has none."""
        return split_address(self.address_word.text)[0] if self.address_word else ""

    @property
    def port(self) -> int | None:
        """Its port; None where it says none, or one that is not known here."""
        return split_address(self.address_word.text)[1] if self.address_word else None

    def has(self, name: str) -> bool:
        """Whether a parameter is in force."""
        return name in self.parameters

    def text(self, name: str) -> str:
        """A parameter's value; empty where it is not there or has none."""
        return self.parameters[name].text if name in self.parameters else ""

    def seconds(self, name: str) -> float | None:
        """A parameter's time."""
        return haproxy_seconds(self.text(name))


@dataclass
class Proxy:
    """A frontend, backend or listen section, with the `defaults` sections that it inherits from, nearest first."""

    section: Section
    defaults: tuple[Section, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.section.name

    @property
    def place(self) -> Place:
        """Its header."""
        return self.section.header.place

    def lines(self, *texts: str) -> list[Line]:
        """The lines that begin with these words: its own, or else those of the nearest `defaults` that has one."""
        for section in (self.section, *self.defaults):
            found = section.named(*texts)
            if found:
                return found
        return []

    def last(self, *texts: str) -> Line | None:
        """The one that counts."""
        found = self.lines(*texts)
        return found[-1] if found else None

    def option(self, name: str) -> Line | None:
        """The line that switches an option on; None where it is off."""
        for section in (self.section, *self.defaults):
            found = [*section.named("option", name), *section.named("no", "option", name)]
            if found:
                line = max(found, key=lambda line: _order(section, line))
                return line if line.keyword == "option" else None
        return None

    def seconds(self, *texts: str) -> float | None:
        """The time that follows these words; None where it is not set."""
        line = self.last(*texts)
        return haproxy_seconds(line.value(len(texts))) if line else None

    @property
    def mode(self) -> str:
        """tcp or http, or what it says."""
        line = self.last("mode")
        return line.value() if line else "tcp"

    @property
    def check_option(self) -> Line | None:
        """The check option that counts: the last one, of the nearest section that has one."""
        for section in (self.section, *self.defaults):
            found = [line for line in section.named("option") if line.value() in CHECK_OPTIONS]
            if found:
                return found[-1]
        return None

    @cached_property
    def servers(self) -> list[Server]:
        """Its servers in order."""
        shared: dict[str, Parameter] = {}
        for section in reversed(self.defaults):
            for line in section.named("default-server"):
                _add(shared, line.words[1:])
        found = []
        for line in self.section.lines:
            if line.keyword == "default-server":
                _add(shared, line.words[1:])
            elif line.keyword in ("server", "server-template"):
                server = Server(line, dict(shared))
                _add(server.parameters, line.words[4 if line.keyword == "server-template" else 3 :])
                found.append(server)
        return found

    @cached_property
    def binds(self) -> list["Bind"]:
        """Its listeners."""
        return [Bind(line) for line in self.section.named("bind") if len(line.words) > 1]


@dataclass(slots=True)
class Bind:
    """A `bind` line."""

    line: Line

    @property
    def addresses(self) -> list[tuple[str, int | None]]:
        """What it listens on: addresses (empty for all) with their ports."""
        return [split_address(part) for part in self.line.value().split(",")]

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Its parameters."""
        found: dict[str, Parameter] = {}
        _add(found, self.line.words[2:])
        return found


@dataclass
class HaproxyConfig:
    """A whole configuration."""

    file: HaproxyFile
    proxies: list[Proxy]

    @property
    def globals(self) -> list[Section]:
        """Its global sections: HAProxy adds them up."""
        return list(self.file.of_kind("global"))

    def global_line(self, *texts: str) -> Line | None:
        """The last global line that begins with these words."""
        found = [line for section in self.globals for line in section.named(*texts)]
        return found[-1] if found else None

    def of_kind(self, *kinds: str) -> Iterator[Proxy]:
        """The proxies of a kind."""
        return (proxy for proxy in self.proxies if proxy.section.kind in kinds)

    def backend(self, name: str) -> Proxy | None:
        """The backend of a name."""
        return self._backends.get(name)

    @cached_property
    def _backends(self) -> dict[str, Proxy]:
        found: dict[str, Proxy] = {}
        for proxy in self.of_kind("backend", "listen"):
            found.setdefault(proxy.name, proxy)
        return found

    @cached_property
    def _frontends(self) -> dict[int, list[Proxy]]:
        """The frontends of each backend, by the backend's identity: names may be given twice."""
        found: dict[int, list[Proxy]] = {}
        for proxy in self.of_kind("frontend", "listen"):
            for backend in {id(each): each for each in self.backends_of(proxy)}:
                found.setdefault(backend, []).append(proxy)
        return found

    def backends_of(self, frontend: Proxy) -> list[Proxy]:
        """Where a frontend sends its clients to, as far as names tell; a `listen` section is its own backend."""
        if frontend.section.kind == "listen":
            return [frontend]
        lines = [*frontend.lines("default_backend"), *frontend.lines("use_backend")]
        found = (self.backend(line.value()) for line in lines)
        return [proxy for proxy in found if proxy is not None]

    def frontends_of(self, backend: Proxy) -> list[Proxy]:
        """The frontends that send clients there."""
        return self._frontends.get(id(backend), [])


def build_haproxy(file: HaproxyFile) -> HaproxyConfig:
    """The configuration that a parsed file means."""
    proxies: list[Proxy] = []
    by_name: dict[str, tuple[Section, ...]] = {}
    latest: tuple[Section, ...] = ()
    for section in file.sections:
        inherited = by_name.get(section.inherits, ()) if section.inherits else latest
        if section.kind == "defaults":
            # An anonymous or named `defaults` begins anew: it has what `from` gives it, and no more.
            latest = (section, *(inherited if section.inherits else ()))
            if section.name:
                by_name[section.name] = latest
        elif section.kind in PROXIES:
            proxies.append(Proxy(section, inherited))
    return HaproxyConfig(file, proxies)


def split_address(text: str) -> tuple[str, int | None]:
    """Address and port of `1.2.3.4:6443`, `[::1]:6443`, `*:6443` or `ipv4@1.2.3.4:6443`; None for a port that is not there."""
    address = text.rpartition("@")[2]
    head, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or len(port) > 5:
        return address.strip("[]"), None
    head = "" if head in ("*", "::", "0.0.0.0", "[::]") else head  # noqa: S104 - read, not bound
    return head.strip("[]"), int(port)


def _order(section: Section, wanted: Line) -> int:
    return next(place for place, line in enumerate(section.lines) if line is wanted)


def _add(parameters: dict[str, Parameter], words: tuple[Word, ...]) -> None:
    """Put the words' parameters into what is there; `no-NAME` takes one away."""
    place = 0
    while place < len(words):
        word = words[place]
        if word.text in _NO_FLAGS:
            parameters.pop(word.text.removeprefix("no-"), None)
        elif word.text in _FLAGS or place + 1 >= len(words):
            parameters[word.text] = Parameter(word)
        else:
            place += 1
            parameters[word.text] = Parameter(word, words[place])
        place += 1
