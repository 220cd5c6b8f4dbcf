"""What a tracked script does, as far as its text tells: looks for a process, for a port, or makes a request. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from twinkeel.audit.pair import Host, Script
from twinkeel.liveconfig.keepalived_model import Definition
from twinkeel.liveconfig.words import LONGEST_LINE, Place
from twinkeel.source import SourceFile, Span

MOST_FOUND = 50
"""A script in which something occurs more often is no check."""

REQUEST = re.compile(r"\b(curl|wget|kubectl|openssl\s+s_client|urlopen|httpie|grpcurl)\b|\bshow (?:info|stat)\b")
PORT = re.compile(r"\b(ss|netstat|lsof|nc|ncat|nmap)\s+-|/dev/tcp/")
PROCESS = re.compile(
    r"\bkillall\s+(?:-0|-s\s*0|--signal\s*0)|\b(?:pidof|pgrep)\b|\bkill\s+-0|\bsystemctl\s+(?:-q\s+|--quiet\s+)*(?:is-active|status)\b|\bps\s+-"
)
URL = re.compile(r"https?://(?P<host>\[[^\]]+\]|[^/:\s\"']+)(?::(?P<port>\d+))?(?P<path>/[^\s\"'?)]*)?")
_DEADLINES = (
    re.compile(r"(?:--max-time[ =]|(?<=\s)-[a-zA-Z]*m\s?)[\"']?(\d+(?:\.\d+)?)"),
    re.compile(r"\btimeout\s+(?:-\S+\s+)*(\d+(?:\.\d+)?)s?\s"),
    re.compile(r"--timeout[ =](\d+(?:\.\d+)?)"),
)
_COMMAND = re.compile(r"\b(?:curl|wget)(?=\s)")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")


@dataclass(frozen=True, slots=True)
class Command:
    """A line of a script that does something, without its comment, and where it begins."""

    text: str
    source: SourceFile
    line: int
    column: int = 1

    def place(self, match: re.Match[str]) -> Place:
        """The place of what a pattern found in it."""
        start, end = match.span()
        return Place(self.source, Span(self.line, self.column + start, max(end - start, 1)))


@dataclass(frozen=True, slots=True)
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
    def looks_at(self) -> str:
        """request, port, process, or unknown: the most that it does."""
        kinds = (("request", REQUEST), ("port", PORT), ("process", PROCESS))
        return next((kind for kind, pattern in kinds if self.does(pattern)), "unknown")

    @property
    def deadline(self) -> float | None:
        """The longest that its first request may take; None where it sets none."""
        found = (match for pattern in _DEADLINES for _, match in self.find(pattern))
        times = sorted(float(match[1]) for match in found)
        return times[0] if times else None

    @property
    def longest(self) -> float | None:
        """The longest that all its requests together may take; None where one sets no limit that is seen."""
        first = self.deadline
        if first is None:
            return None
        requests = [command for command, match in self.find(_COMMAND)]
        times = [time for command in requests if (time := _limit(command.text)) is not None]
        return sum(times) or first

    @property
    def urls(self) -> list[tuple[Command, re.Match[str]]]:
        """Every URL that it names."""
        return list(self.find(URL))


def _limit(text: str) -> float | None:
    times = [float(match[1]) for pattern in _DEADLINES if (match := pattern.search(text))]
    return min(times, default=None)


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
    """The lines of a script without comments; positions stay."""
    for number, line in enumerate(script.source.lines, 1):
        text = _COMMENT.sub("", line[: LONGEST_LINE + 1])
        if text.strip() and len(text) <= LONGEST_LINE:
            yield Command(text, script.source, number)


def scripts_of(host: Host) -> Iterator[tuple[Definition, CheckScript]]:
    """Every script that the host's instances may track."""
    for definition in host.keepalived.definitions if host.keepalived else []:
        if definition.kind == "script":
            yield definition, check_script(host, definition)
