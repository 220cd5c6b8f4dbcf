"""A line of a shell script as simple commands, as far as a check script needs it: what runs, and what is only said. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# Commands, and functions by the names that people give them, whose arguments are text for a person.
_TALKS = re.compile(r"(?:\S*/)?(?:echo|printf|logger|wall|:|\w*(?:log|err|die|fail|warn|debug|msg|say|print)\w*)", re.IGNORECASE)
_BEFORE = re.compile(r"(?:if|then|elif|else|while|until|do|time|exec|sudo|command|!|\w+=\S*)(?=\s|$)")
_WORD = re.compile(r"\S+")
_REDIRECTION = re.compile(r"\d*[<>]+&?\s*[^\s;|&]+")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+|readonly\s+|local\s+|declare\s+)?[A-Za-z_]\w*=\S*\s*")
MOST_COMMANDS = 200
"""A line of more is no check: it is taken as one command."""


@dataclass(slots=True)
class Simple:
    """A simple command of a line: which characters are its own (those of commands substituted in it are not), and where it goes."""

    line: str
    own: list[int] = field(default_factory=list)
    quoted: set[int] = field(default_factory=set)
    piped: bool = False
    """Another command reads its output."""
    captured: bool = False
    """It stands in $( ) or backticks."""

    @property
    def text(self) -> str:
        """The line with blanks for all that is not its own: positions stay."""
        shown = [" "] * len(self.line)
        for place in self.own:
            shown[place] = self.line[place]
        return "".join(shown)

    @property
    def assigns(self) -> bool:
        """Whether it only gives a variable a value."""
        shown = "".join("x" if place in self.quoted else self.line[place] for place in self.own)
        return _ASSIGNMENT.fullmatch(shown) is not None

    def printed(self) -> set[int]:
        """The characters that are text for a person: all arguments of echo and its like, but for redirections and pipes."""
        text = self.text
        word = _first_word(text)
        if self.piped or word is None or not _TALKS.fullmatch(word[0]):
            return set()
        kept = {place for match in _REDIRECTION.finditer(text, word.end()) for place in range(*match.span())}
        plain = {place for place in kept if place not in self.quoted}
        return {place for place in self.own if place >= word.end() and place not in plain}


def simple_commands(line: str) -> list[Simple]:
    """The simple commands of a line, each command substitution as one of its own. Never fails."""
    return _Splitter(line).run()


def without_printed(line: str) -> str:
    """The line with blanks for what it only says."""
    printed = {place for command in simple_commands(line) for place in command.printed()}
    return "".join(" " if place in printed else sign for place, sign in enumerate(line)) if printed else line


def _first_word(text: str) -> re.Match[str] | None:
    for word in _WORD.finditer(text):
        if not _BEFORE.fullmatch(word[0]):
            return word
    return None


class _Splitter:
    """One pass over a line. Quotes, substitutions and the command before them are on a stack."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._done: list[Simple] = []
        self._now = Simple(line)
        self._quote = ""
        self._open: list[tuple[str, Simple, str]] = []

    def run(self) -> list[Simple]:
        place = 0
        while place < len(self._line):
            place += self._take(place)
        self._end()
        for _, command, _ in reversed(self._open):
            self._now = command
            self._end()
        if len(self._done) > MOST_COMMANDS:
            return [Simple(self._line, list(range(len(self._line))))]
        return [command for command in self._done if command.text.strip()]

    def _take(self, place: int) -> int:
        """Read what begins here; how many characters it was."""
        line, sign = self._line, self._line[place]
        if self._quote == "'":
            return self._keep(place, ends=sign == "'")
        if sign == "\\":
            self._own(place, place + 2)
            return 2
        if line.startswith("$(", place) and not line.startswith("$((", place):
            return self._enter(")", 2)
        if sign == "`":
            return self._leave() if self._open and self._open[-1][0] == "`" else self._enter("`", 1)
        if self._quote:
            return self._keep(place, ends=sign == '"')
        if sign in "\"'":
            self._own(place, place + 1)
            self._quote = sign
            self._now.quoted.add(place)
            return 1
        if sign == ")" and self._open and self._open[-1][0] == ")":
            return self._leave()
        return self._plain(place)

    def _plain(self, place: int) -> int:
        line, sign = self._line, self._line[place]
        # `>&2`, `&>FILE` and `>|` separate nothing.
        redirected = sign in "&|" and (line[place - 1 : place] in ("<", ">") or line.startswith("&>", place))
        if sign == "|" and not redirected:
            double = line.startswith("||", place)
            self._end(piped=not double)
            return 2 if double else 1
        if (sign in ";&" and not redirected) or (sign in "()" and line[place - 1 : place] != "$") or self._is_brace(place):
            self._end()
            return 1
        self._own(place, place + 1)
        return 1

    def _is_brace(self, place: int) -> bool:
        """Whether a brace groups commands: it is a word of its own."""
        around = self._line[max(place - 1, 0) : place] + self._line[place + 1 : place + 2]
        return self._line[place] in "{}" and not around.strip(" \t;)")

    def _keep(self, place: int, *, ends: bool) -> int:
        self._own(place, place + 1)
        self._now.quoted.add(place)
        self._quote = "" if ends else self._quote
        return 1

    def _own(self, start: int, end: int) -> None:
        places = range(start, min(end, len(self._line)))
        self._now.own += places
        if self._quote:
            self._now.quoted.update(places)

    def _end(self, *, piped: bool = False) -> None:
        self._now.piped = piped
        captured = self._now.captured
        self._done.append(self._now)
        self._now = Simple(self._line, captured=captured)

    def _enter(self, closing: str, length: int) -> int:
        self._open.append((closing, self._now, self._quote))
        self._now, self._quote = Simple(self._line, captured=True), ""
        return length

    def _leave(self) -> int:
        self._end()
        _, self._now, self._quote = self._open.pop()
        return 1


_LITERAL = re.compile(
    r"(?:^|[\s;])(?:export\s+|readonly\s+|local\s+)?(?P<name>[A-Za-z_]\w*)=(?P<value>\"[^\"$`]*\"|'[^']*'|[^\s\"'$`;&|()]+)"
)
_USE = re.compile(r"\$(?:(?P<bare>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)\})")


def variables(lines: Iterator[str]) -> dict[str, str]:
    """The variables that have one literal value in a script."""
    found: dict[str, str] = {}
    changing: set[str] = set()
    for line in lines:
        for match in _LITERAL.finditer(line):
            name, value = match["name"], match["value"].strip("\"'")
            if found.setdefault(name, value) != value:
                changing.add(name)
    return {name: value for name, value in found.items() if name not in changing}


def expanded(text: str, known: dict[str, str]) -> str:
    """The text with the values of the variables that are known, once."""
    return _USE.sub(lambda match: known.get(match["bare"] or match["name"], match[0]), text)
