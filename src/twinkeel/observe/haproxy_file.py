"""A haproxy.cfg as sections of lines, whoever wrote it."""

from dataclasses import dataclass, field

from twinkeel.observe.words import words_of

# Chapter 4 of HAProxy's manual, and the sections of 2.6 to 3.2 that hold no proxy.
SECTIONS = frozenset(
    (
        *("global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "mailers", "userlist", "cache", "program"),
        *("http-errors", "ring", "log-forward", "log-profile", "fcgi-app", "crt-store", "acme", "traces"),
    )
)


@dataclass(frozen=True)
class HaproxyLine:
    """One line: its number from 1, and its words."""

    number: int
    words: tuple[str, ...]


@dataclass
class HaproxySection:
    """`frontend NAME` and what stands in it; `name` is empty where there is none."""

    kind: str
    name: str
    number: int
    lines: list[HaproxyLine] = field(default_factory=list)

    def values(self, keyword: str) -> list[HaproxyLine]:
        """The lines that begin with a keyword."""
        return [line for line in self.lines if line.words[0] == keyword]


def parse_haproxy(text: str) -> tuple[HaproxySection, ...]:
    """The sections in order. Never fails; what stands before the first section is left out."""
    sections: list[HaproxySection] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = words_of(line, comments="#")
        if not words:
            continue
        if words[0] in SECTIONS:
            sections.append(HaproxySection(words[0], words[1] if len(words) > 1 else "", number))
        elif sections:
            sections[-1].lines.append(HaproxyLine(number, words))
    return tuple(sections)
