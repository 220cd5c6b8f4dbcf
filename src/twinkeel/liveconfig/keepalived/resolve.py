"""What keepalived.conf means on one host: files included, parameters replaced, sequences spelt out, conditions decided. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twinkeel.liveconfig.keepalived.file import INCLUDES, KeepalivedFile, Statement, parse_keepalived
from twinkeel.liveconfig.words import Comment, Remark, Word
from twinkeel.source import SourceFile

DEEPEST_INCLUDE = 16
MOST_STATEMENTS = 10_000
MOST_FILES = 100
LONGEST_VALUE = 10_000
_PARAMETER = re.compile(r"\$(?:\{(\w+)\}|(\w+))")

ReadIncluded = Callable[[SourceFile, str], Sequence[SourceFile]]
"""The files that a pattern of an `include` in a file names, in order; none where there are none."""


@dataclass(slots=True)
class KeepalivedConfig:
    """What counts on the host. Its statements' conditions are left only where the host is not known."""

    root: Statement
    sources: list[SourceFile] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def resolve_keepalived(source: SourceFile, host: str, read: ReadIncluded) -> KeepalivedConfig:
    """The configuration of a host. Never fails; what it does not understand is in `remarks`.

    Args:
        host: the host's name, which `@NAME` is compared with. Where no condition has that name, all alternatives are kept.
        read: gives the files of an `include`.
    """
    return _Resolver(host, read).resolve(source)


class _Resolver:
    def __init__(self, host: str, read: ReadIncluded) -> None:
        self._host, self._read = host, read
        self._known = False
        self._left = MOST_STATEMENTS
        self._config = KeepalivedConfig(Statement(()))
        self._values: dict[str, tuple[Word, ...]] = {}

    def resolve(self, source: SourceFile) -> KeepalivedConfig:
        file = self._take(source)
        self._known = any(each.condition.lstrip("@^") == self._host for each in _walk(file.root))
        self._config.root.block = list(self._statements(file.root.block, (source.name,)))
        return self._config

    def _take(self, source: SourceFile) -> KeepalivedFile:
        file = parse_keepalived(source)
        self._config.sources.append(source)
        self._config.comments += file.comments
        self._config.remarks += file.remarks
        return file

    def _statements(self, statements: Sequence[Statement], files: tuple[str, ...]) -> Iterator[Statement]:
        for each in statements:
            if not self._applies(each.condition):
                continue
            if each.defines:
                self._values[each.defines] = each.values
            elif each.keyword in INCLUDES:
                yield from self._included(each, files)
            elif each.repeat:
                yield from self._repeated(each, files)
            else:
                yield from self._statement(each, files)

    def _applies(self, condition: str) -> bool:
        if not condition or not self._known:
            return True
        return (condition.lstrip("@^") == self._host) != condition.startswith("@^")

    def _statement(self, each: Statement, files: tuple[str, ...]) -> Iterator[Statement]:
        if not each.words:
            return
        if self._left <= 0:
            if self._left == 0:
                self._left -= 1
                self._remark(each, f"there are more than {MOST_STATEMENTS} statements: from here on they were left out")
            return
        self._left -= 1
        lines = self._lines_of(each)
        if lines is not None:
            yield from self._statements(lines, files)
            return
        words = tuple(made for word in each.words for made in self._replaced(word))
        condition = "" if self._known else each.condition
        if words:
            block = list(self._statements(each.block, files))
            yield Statement(words, block, condition=condition, opened=each.opened)

    def _lines_of(self, each: Statement) -> list[Statement] | None:
        """The statements that a parameter of several lines stands for, where it stands alone."""
        name = _PARAMETER.fullmatch(each.keyword)
        value = self._values.get(name[1] or name[2]) if name and len(each.words) == 1 and not each.opened else None
        if value is None or len(value) < 2:
            return None
        source = value[0].place.source
        # Its lines alone, where they stand, so that every position is that of the definition.
        lines = [""] * (value[0].place.span.line - 1)
        lines += [" " * (word.place.span.column - 1) + word.text for word in value]
        parsed = parse_keepalived(SourceFile(source.name, "\n".join(lines)))
        return parsed.root.block

    def _replaced(self, word: Word) -> Iterator[Word]:
        """A word with its parameters replaced; one that becomes several words is several."""
        if "$" not in word.text or not self._values:
            yield word
            return
        text = word.text
        for _ in range(8):
            text, times = _PARAMETER.subn(self._value, text)
            if not times or "$" not in text or len(text) > LONGEST_VALUE:
                break
        text = text[:LONGEST_VALUE]
        parts = [text] if word.raw.startswith('"') else text.split()
        yield from (replace(word, text=part.strip('"')) for part in parts)

    def _value(self, found: re.Match[str]) -> str:
        value = self._values.get(found[1] or found[2])
        return found[0] if value is None else " ".join(word.text for word in value)[:LONGEST_VALUE]

    def _included(self, each: Statement, files: tuple[str, ...]) -> Iterator[Statement]:
        pattern = " ".join(made.text for word in each.words[1:] for made in self._replaced(word))
        if len(files) > DEEPEST_INCLUDE:
            self._remark(each, f"files include each other more than {DEEPEST_INCLUDE} deep: this one was left out")
            return
        if len(self._config.sources) > MOST_FILES:
            self._remark(each, f"more than {MOST_FILES} files are included: this one was left out")
            return
        found = self._read(each.words[0].place.source, pattern)
        if not found:
            self._remark(each, f"no file {pattern} is here: what it says is not known")
        for source in found:
            if source.name in files:
                self._remark(each, f"{source.name} includes itself: it was left out")
            elif self._left > 0 and len(self._config.sources) <= MOST_FILES:
                yield from self._statements(self._take(source).root.block, (*files, source.name))

    def _repeated(self, each: Statement, files: tuple[str, ...]) -> Iterator[Statement]:
        if self._left < 0:
            return
        rounds = list(self._rounds(each.repeat))
        if not rounds:
            self._remark(each, f"{each.repeat} is not understood: its statement was read once, as it stands")
            rounds = [{}]
        for values in rounds:
            if self._left < 0:
                return
            before = dict(self._values)
            word = each.words[0] if each.words else None
            if word is not None:
                self._values |= {name: (replace(word, text=text, raw=text),) for name, text in values.items()}
            yield from self._statement(replace(each, repeat=""), files)
            self._values = before

    def _rounds(self, repeat: str) -> Iterator[Mapping[str, str]]:
        kind, _, rest = repeat.partition("(")
        parts = [_PARAMETER.sub(self._value, part.strip()) for part in rest.rstrip(")").split(",")]
        if "{" in rest or not parts[0]:
            return
        if kind.strip() == "~LST":
            yield from ({parts[0]: value} for value in parts[1:])
            return
        try:
            numbers = [int(part, 0) for part in parts[1:]]
        except ValueError:
            return
        for number in _sequence(numbers):
            yield {parts[0]: format(number, "x") if kind.strip() == "~SEQx" else str(number)}

    def _remark(self, each: Statement, text: str) -> None:
        self._config.remarks.append(Remark(each.place, text))


def _sequence(numbers: list[int]) -> Sequence[int]:
    """`start, step, end`, or `start, end`, or `end` alone; nothing for another count, or one without an end."""
    if not 1 <= len(numbers) <= 3:
        return ()
    start, end = (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[-1])
    step = numbers[1] if len(numbers) == 3 else (1 if end >= start else -1)
    if step == 0:
        return ()
    made = range(start, end + (1 if step > 0 else -1), step)
    return made if len(made) <= MOST_STATEMENTS else ()


def _walk(statement: Statement) -> Iterator[Statement]:
    yield statement
    for each in statement.block:
        yield from _walk(each)
