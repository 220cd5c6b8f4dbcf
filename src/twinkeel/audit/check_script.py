"""What a tracked script does, as far as its text tells: looks for a process, for a port, or makes a request. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from twinkeel.audit.pair import Host, Script
from twinkeel.audit.shell import Simple, expanded, simple_commands, variables, without_printed
from twinkeel.liveconfig.keepalived.model import Definition
from twinkeel.liveconfig.words import LONGEST_LINE, Place
from twinkeel.source import SourceFile, Span

MOST_FOUND = 50
"""A script in which something occurs more often is no check."""

REQUEST = re.compile(r"\b(curl|wget|kubectl|openssl\s+s_client|urlopen|httpie|grpcurl)\b|\bshow (?:info|stat)\b")
PORT = re.compile(r"\b(ss|netstat|lsof|nc|ncat|nmap)\s+-|/dev/tcp/")
PROCESS = re.compile(
    r"\bkillall\s+(?:-0|-s\s*0|--signal\s*0)|\b(?:pidof|pgrep)\b|\bkill\s+-0|\bsystemctl\s+(?:-q\s+|--quiet\s+)*(?:is-active|status)\b|\bps\s+-"
)
URL = re.compile(r"https?://(?P<host>\[[^\]]+\]|[^/:\s\"']+)(?::(?P<port>\d+|\$\w+|\$\{\w+\}))?(?P<path>/[^\s\"'?)]*)?")
STOPS_KEEPALIVED = re.compile(
    r"\bsystemctl\s+(?:-\S+\s+)*stop\s+keepalived\b|\bservice\s+keepalived\s+stop\b|\b(?:pkill|killall)\s+keepalived\b"
)
_SLEEP = re.compile(r"\bsleep\s+(\d+(?:\.\d+)?)")
# The value of a limit: a number, or a variable whose value may not be known.
_TIME = r"[\"']?(\d+(?:\.\d+)?|\$\w+|\$\{\w+[^}]*\})"
# Limits of a whole request; that of the connection alone (--connect-timeout) is over once a hung HAProxy's kernel has answered.
_WHOLE = (
    re.compile(rf"(?:^|(?<=[\s/]))timeout\s+(?:-[ks]\s+\S+\s+|-\S+\s+)*{_TIME}s?[\"']?\s"),
    re.compile(rf"(?<=\s)--(?:max-time|timeout|read-timeout|request-timeout)[ =]{_TIME}"),
)
_SHORT = {"curl": re.compile(rf"(?<=\s)-[a-zA-Z]*m\s*{_TIME}"), "wget": re.compile(rf"(?<=\s)-[a-zA-Z]*T\s*{_TIME}")}
_CLIENT = re.compile(r"\b(curl|wget)(?=\s+[^|;&]*(?:-|http))")
_VARIABLE = re.compile(r"\$\{?\w+\}?")
# Words that are not known and may hold options: not those within quotes or within a URL.
_MAY_BE_OPTIONS = re.compile(r"(?<=\s)\$\{?[A-Za-z_]\w*|\$\{\w+\[@\]\}|\$@")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")


@dataclass(frozen=True, slots=True)
class Command:
    """A line of a script that does something, without its comment and without what it only says, and where it begins.

    A line that a backslash continues has the next ones in it; `lines` says at which offset each of them begins.
    """

    text: str
    source: SourceFile
    line: int
    column: int = 1
    lines: tuple[int, ...] = (0,)

    def place(self, match: re.Match[str]) -> Place:
        """The place of what a pattern found in it."""
        start, end = match.span()
        further = sum(1 for begin in self.lines if begin <= start) - 1
        begin = self.lines[further]
        column = (1 if further else self.column) + start - begin
        return Place(self.source, Span(self.line + further, column, max(end - start, 1)))


@dataclass(frozen=True, slots=True)
class Request:
    """A call of curl or wget. `limited` says whether it sets a limit for the whole request, `limit` which, where that is known."""

    place: Place
    program: str
    text: str
    line: str
    """All that stands in its line."""
    taken: bool
    """Another command or a variable takes its output."""
    limited: bool
    limit: float | None


@dataclass(frozen=True, slots=True)
class Url:
    """A URL with its parts; those that are not known are empty."""

    place: Place
    host: str
    port: int | None
    path: str


@dataclass(frozen=True)
class CheckScript:
    """A tracked script: the lines that run, and whether its file was there to read."""

    commands: tuple[Command, ...]
    script: Script | None

    def find(self, pattern: re.Pattern[str]) -> Iterator[tuple[Command, re.Match[str]]]:
        """Where a pattern occurs."""
        found = ((command, match) for command in self.commands for match in pattern.finditer(command.text))
        return islice(found, MOST_FOUND)

    def does(self, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern occurs."""
        return any(True for _ in self.find(pattern))

    @property
    def starts(self) -> bool:
        """Whether the kernel can start its file; Keepalived takes one that it cannot for one that passes (2.2.7, run)."""
        text = self.script.source.text if self.script else "#!"
        return text.startswith("#!") and "\r\n" not in text

    @property
    def looks_at(self) -> str:
        """request, port, process, or unknown: the most that it does."""
        kinds = (("request", REQUEST), ("port", PORT), ("process", PROCESS))
        return next((kind for kind, pattern in kinds if self.does(pattern)), "unknown")

    @cached_property
    def variables(self) -> dict[str, str]:
        """The values of the variables that it sets once."""
        return variables(command.text for command in self.commands)

    @cached_property
    def requests(self) -> list[Request]:
        """Its calls of curl and wget, in the order of the lines."""
        found = (
            request
            for command in self.commands
            for simple in simple_commands(command.text)
            for request in self._requests_of(command, simple)
        )
        return list(islice(found, MOST_FOUND))

    @property
    def _around(self) -> list[str]:
        """What its definition puts before its file, such as `timeout 2`: a limit of all that it does."""
        own = self.commands[0].text if self.commands and self.script else ""
        return [] if _CLIENT.search(own) else _limits(own, "")

    def _requests_of(self, command: Command, simple: Simple) -> Iterator[Request]:
        if simple.assigns:
            return
        own = simple.text
        text = expanded(own, self.variables)
        match = _CLIENT.search(own)
        program = match or _CLIENT.search(text)
        # `$CURL URL`: the variable stands for it.
        match = match or _VARIABLE.search(own)
        if program is None or match is None:
            return
        limits = [*_limits(text, program[1]), *self._around]
        times = [float(each) for each in limits if not each.startswith("$")]
        yield Request(
            command.place(match),
            program[1],
            text,
            command.text,
            simple.captured or simple.piped,
            bool(limits) or _MAY_BE_OPTIONS.search(text) is not None,
            min(times, default=None),
        )

    @property
    def deadline(self) -> float | None:
        """The longest that its first request may take; None where it sets none, or one that is not known."""
        if self.requests:
            return self.requests[0].limit
        times = (float(each) for command in self.commands for each in _limits(command.text, "") if not each.startswith("$"))
        return min(times, default=None)

    @property
    def longest(self) -> float | None:
        """The longest that all its requests together may take; None where one sets no limit that is seen."""
        first = self.deadline
        if first is None:
            return None
        total = sum(request.limit for request in self.requests if request.limit is not None) or first
        return min([total, *(float(each) for each in self._around if not each.startswith("$"))])

    @property
    def sleeps(self) -> float:
        """The seconds that it sleeps, all together."""
        return sum(float(match[1]) for _, match in self.find(_SLEEP))

    @property
    def urls(self) -> list[Url]:
        """Every URL that it names."""
        return [self._url(command, match) for command, match in self.find(URL)]

    def _url(self, command: Command, match: re.Match[str]) -> Url:
        host = expanded(match["host"], self.variables)
        port = expanded(match["port"] or "", self.variables)
        known = int(port) if port.isdecimal() and len(port) <= 5 else None
        return Url(command.place(match), host, known, expanded(match["path"] or "", self.variables))


def _limits(text: str, program: str) -> list[str]:
    """The limits that a command sets, as numbers or as names of variables."""
    patterns = (*_WHOLE, *((_SHORT[program],) if program in _SHORT else ()))
    return [match[1] for pattern in patterns if (match := pattern.search(text))]


def check_script(host: Host, definition: Definition) -> CheckScript:
    """What a definition of kind script runs: its own words, and the lines of its file where that is at hand."""
    words = definition.command
    commands = []
    if words:
        raw = " ".join(word.text for word in words)
        place = words[0].place
        # The text begins behind the quote, where there is one.
        column = place.span.column + (1 if words[0].raw.startswith('"') else 0)
        commands.append(Command(raw, place.source, place.span.line, column))
    script = host.script_of(definition)
    return CheckScript((*commands, *(script_commands(script) if script else ())), script)


def script_commands(script: Script) -> Iterator[Command]:
    """The lines of a script without comments and without what they only say; positions stay."""
    text, first, begins = "", 1, [0]
    for number, line in enumerate(script.source.lines, 1):
        more = _COMMENT.sub("", line[: LONGEST_LINE + 1])
        if text and len(text) + len(more) > LONGEST_LINE:
            yield Command(without_printed(text), script.source, first, 1, tuple(begins))
            text = ""
        first, begins = (first, [*begins, len(text)]) if text else (number, [0])
        text += more
        if text.endswith("\\") and len(text) < LONGEST_LINE:
            text = f"{text[:-1]} "
            continue
        if text.strip() and len(text) <= LONGEST_LINE:
            yield Command(without_printed(text), script.source, first, 1, tuple(begins))
        text = ""
    if text.strip():
        yield Command(without_printed(text), script.source, first, 1, tuple(begins))


def scripts_of(host: Host) -> Iterator[tuple[Definition, CheckScript]]:
    """Every script that the host's instances may track."""
    for definition in host.keepalived.definitions if host.keepalived else []:
        if definition.kind == "script":
            yield definition, check_script(host, definition)
