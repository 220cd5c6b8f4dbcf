"""haproxy.cfg as sections of lines, with positions; several files are one configuration, as with several `-f`. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from twinkeel.liveconfig.haproxy_words import split_line
from twinkeel.liveconfig.words import Comment, Place, Remark, Word, read_whole
from twinkeel.source import SourceFile

# Chapter 4 of HAProxy's manual, and the sections of 2.2 to 3.3 that hold no proxy.
SECTIONS = frozenset(
    (
        *("global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "mailers", "userlist", "cache", "program"),
        *("http-errors", "ring", "log-forward", "log-profile", "fcgi-app", "crt-store", "acme", "traces"),
    )
)
PROXIES = frozenset(("frontend", "backend", "listen"))
DEEPEST = 32
"""How deep .if blocks may nest here; those beyond are taken for one."""

_SAYING = frozenset((".notice", ".warning", ".alert", ".diag"))
_ALWAYS, _NEVER = frozenset(("1", "true")), frozenset(("0", "false"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line that says something. `conditions` are those of the `.if` blocks that it lies in, in HAProxy's own words."""

    words: tuple[Word, ...]
    conditions: tuple[str, ...] = ()

    @property
    def keyword(self) -> str:
        """Its first word."""
        return self.words[0].text

    def value(self, place: int = 1) -> str:
        """A word after the first; empty where there is none."""
        return self.words[place].text if place < len(self.words) else ""

    def starts(self, *texts: str) -> bool:
        """Whether it begins with these words."""
        return tuple(word.text for word in self.words[: len(texts)]) == texts

    @property
    def place(self) -> Place:
        """All of it."""
        return self.words[0].to(self.words[-1])


@dataclass
class Section:
    """`frontend NAME [from DEFAULTS]` and the lines in it."""

    header: Line
    lines: list[Line] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Its keyword."""
        return self.header.keyword

    @property
    def name(self) -> str:
        """Its name; empty where it has none."""
        name = self.header.value()
        return "" if name == "from" else name

    @cached_property
    def by_keyword(self) -> dict[str, list[Line]]:
        """Its lines by their first word; for when all of them are there."""
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.keyword, []).append(line)
        return found

    def named(self, *texts: str) -> list[Line]:
        """The lines that begin with these words."""
        lines = self.by_keyword.get(texts[0], [])
        return lines if len(texts) == 1 else [line for line in lines if line.starts(*texts)]

    @property
    def inherits(self) -> str:
        """The `defaults` section that it names; empty where it names none."""
        texts = [word.text for word in self.header.words]
        return texts[texts.index("from") + 1] if "from" in texts[:-1] else ""


@dataclass(slots=True)
class HaproxyFile:
    """Everything that the files say: every line in order (`lines`, directives too), and the same as sections."""

    sources: tuple[SourceFile, ...] = ()
    lines: list[Line] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def of_kind(self, *kinds: str) -> Iterator[Section]:
        """The sections of a kind, in order."""
        return (section for section in self.sections if section.kind in kinds)


def parse_haproxy(sources: Iterable[SourceFile]) -> HaproxyFile:
    """The configuration. Never fails; what it does not understand is in `remarks`."""
    whole = HaproxyFile(tuple(sources))
    for source in whole.sources:
        lines, remarks = read_whole(source)
        whole.remarks += remarks
        branches = _Branches()
        # A file begins outside every section: HAProxy forgets the one before it.
        inside = False
        for number, text in enumerate(lines, 1):
            words, comment, odd = split_line(source, number, text)
            whole.remarks += odd
            whole.comments += [comment] if comment else []
            if words:
                inside = _take(whole, branches, words, inside)
        if branches.open:
            whole.remarks.append(Remark(branches.open[-1], "this .if has no .endif: it was read to the end of the file"))
    return whole


def write_haproxy(file: HaproxyFile) -> str:
    """The configuration as text: the same words in the same order, one line each, without comments."""
    written = []
    for line in file.lines:
        text = " ".join(word.raw for word in line.words)
        head = line.keyword in SECTIONS or line.keyword.startswith(".")
        written.append(text if head else f"    {text}")
    return "\n".join(written) + "\n" if written else ""


def _take(whole: HaproxyFile, branches: "_Branches", words: tuple[Word, ...], inside: bool) -> bool:
    """Put one line where it belongs; whether the next one stands in a section."""
    keyword = words[0].text
    if keyword.startswith("."):
        whole.lines.append(Line(words))
        whole.remarks += branches.take(words)
        return inside
    line = Line(words, branches.conditions)
    whole.lines.append(line)
    if branches.dead:
        return inside
    if keyword in SECTIONS:
        whole.sections.append(Section(line))
        return True
    if inside:
        whole.sections[-1].lines.append(line)
    else:
        whole.remarks.append(Remark(line.place, "this line stands before the first section: it was left out"))
    return inside


class _Branches:
    """The `.if` blocks that are open. What cannot be known here (an environment, a version) is a condition of the line."""

    def __init__(self) -> None:
        self.open: list[Place] = []
        self._texts: list[str] = []
        self._too_deep = 0

    @property
    def conditions(self) -> tuple[str, ...]:
        return tuple(text for text in self._texts if text not in _ALWAYS)

    @property
    def dead(self) -> bool:
        return bool(self._texts) and any(text in _NEVER for text in self._texts)

    def take(self, words: tuple[Word, ...]) -> list[Remark]:
        keyword, text = words[0].text, " ".join(word.text for word in words[1:])
        if keyword == ".if" and len(self.open) >= DEEPEST:
            self._too_deep += 1
            return [Remark(words[0].place, f".if nests more than {DEEPEST} deep")] if self._too_deep == 1 else []
        if self._too_deep and keyword in (".elif", ".else", ".endif"):
            self._too_deep -= keyword == ".endif"
            return []
        if keyword == ".if":
            self.open.append(words[0].place)
            self._texts.append(text)
        elif keyword in (".elif", ".else", ".endif") and not self.open:
            return [Remark(words[0].place, f"{keyword} without .if: it was left out")]
        elif keyword == ".endif":
            self.open.pop()
            self._texts.pop()
        elif keyword in (".elif", ".else"):
            before = self._texts[-1]
            self._texts[-1] = "1" if before in _NEVER and keyword == ".else" else text or f"not {before}"
            if before in _ALWAYS:
                self._texts[-1] = "0"
        elif keyword not in _SAYING:
            return [Remark(words[0].place, f"{keyword} is no directive that is known here: it was left out")]
        return []
