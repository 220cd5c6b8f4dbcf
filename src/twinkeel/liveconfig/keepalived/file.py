"""keepalived.conf as nested statements, with positions; as it is written: nothing is included or replaced yet. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from twinkeel.liveconfig.keepalived.words import is_brace, split_line
from twinkeel.liveconfig.words import Comment, Place, Remark, Word, read_whole
from twinkeel.source import SourceFile, Span

DEEPEST = 32
"""Keepalived's own blocks nest at most five deep."""

INCLUDES = frozenset(("include", "includer", "includea", "includem", "includew", "includeb"))
_CONDITION = re.compile(r"\s*(@\^?\S+)(?=\s)")
_REPEAT = re.compile(r"\s*(~(?:SEQx?|LST)\s*\([^)]*\))")
_DEFINITION = re.compile(r"\s*(?P<condition>@\^?\S+)?(?(condition)\s+|)\$(?P<name>[A-Za-z_]\w*)=(?P<value>.*)")


@dataclass(slots=True)
class Statement:
    """One statement and the block that follows it.

    `words` is empty for the file as a whole, and for a block without a keyword. `condition` is `@NAME` or `@^NAME`, `repeat` is
    `~SEQ(...)` or `~LST(...)`: both as they stand in the file. `defines` is the name of the parameter that the statement sets;
    `values` are then its lines.
    """

    words: tuple[Word, ...]
    block: list["Statement"] = field(default_factory=list)
    condition: str = ""
    repeat: str = ""
    defines: str = ""
    values: tuple[Word, ...] = ()
    opened: bool = False

    @property
    def keyword(self) -> str:
        """Its first word."""
        return self.words[0].text if self.words else ""

    def value(self, place: int = 1) -> str:
        """A word after the first; empty where there is none."""
        return self.words[place].text if place < len(self.words) else ""

    @property
    def place(self) -> Place:
        """All of its words."""
        return self.words[0].to(self.words[-1])

    def named(self, *keywords: str) -> Iterator["Statement"]:
        """Every statement in its block that begins with one of these."""
        return (each for each in self.block if each.keyword in keywords)

    def last(self, *keywords: str) -> "Statement | None":
        """The one that counts where a keyword is repeated."""
        found = list(self.named(*keywords))
        return found[-1] if found else None


@dataclass(slots=True)
class KeepalivedFile:
    """One file as written."""

    source: SourceFile
    root: Statement
    comments: list[Comment] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def parse_keepalived(source: SourceFile) -> KeepalivedFile:
    """The file. Never fails; what it does not understand is in `remarks`."""
    lines, remarks = read_whole(source)
    file = KeepalivedFile(source, Statement(()), remarks=remarks)
    reader = _Reader(file)
    number = 0
    while number < len(lines):
        number += 1
        offset: int | None = 0
        while offset is not None:
            defined = _DEFINITION.match(lines[number - 1], offset)
            if defined:
                number, offset = reader.define(lines, number, defined), None
            else:
                offset = reader.take(number, lines[number - 1], offset)
    reader.end()
    return file


def write_keepalived(root: Statement) -> str:
    """The statements as text: the same words in the same order, without comments."""
    return "".join(_written(root.block, ""))


def _written(statements: list[Statement], indent: str) -> Iterator[str]:
    for each in statements:
        if each.defines:
            condition = f"{each.condition} " if each.condition else ""
            yield f"{condition}${each.defines}=" + " \\\n".join(word.raw for word in each.values) + "\n"
            continue
        parts = (each.condition, each.repeat, *(_closed(word.raw) for word in each.words))
        head = indent + " ".join(part for part in parts if part)
        if each.opened:
            yield f"{head} {{\n"
            yield from _written(each.block, f"{indent}    ")
            yield f"{indent}}}\n"
        else:
            yield f"{head}\n"


def _closed(raw: str) -> str:
    """A word with the end of its quote, which a file may lack: a brace may follow it on its line now."""
    return f'{raw}"' if raw.startswith('"') and (len(raw) == 1 or not raw.endswith('"')) else raw


class _Reader:
    """Takes lines in order and builds the tree; no recursion, so that nothing nests too deep for it."""

    def __init__(self, file: KeepalivedFile) -> None:
        self._file = file
        self._stack = [file.root]
        self._opened: list[Place] = []
        self._too_deep = 0

    def define(self, lines: list[str], number: int, defined: re.Match[str]) -> int:
        """`$NAME=value`; a backslash at a line's end goes on with the next one. The number of its last line."""
        source = self._file.source
        dollar = f"${defined['name']}"
        name = Word(dollar, dollar, Place(source, Span(number, defined.start("name"), len(dollar))))
        column, text = defined.start("value"), defined["value"]
        values: list[Word] = []
        while True:
            column, text = column + len(text) - len(text.lstrip()), text.lstrip()
            kept = self._without_comment(number, column, text)
            goes_on = kept.endswith("\\")
            kept = kept.removesuffix("\\").rstrip()
            values.append(Word(kept, kept, Place(source, Span(number, column + 1, max(len(kept), 1)))))
            if not goes_on or number >= len(lines):
                break
            column, text, number = 0, lines[number], number + 1
        self._stack[-1].block.append(
            Statement((name,), condition=defined["condition"] or "", defines=defined["name"], values=tuple(values))
        )
        return number

    def _without_comment(self, number: int, column: int, text: str) -> str:
        # Braces are part of a value, so each piece up to one is looked at in turn.
        offset, line, comment = 0, " " * column + text, None
        while True:
            words, comment, _ = split_line(self._file.source, number, line, offset)
            if comment is not None or not words or not is_brace(words[-1]):
                break
            offset = words[-1].place.span.column
        if comment is None:
            return text.strip()
        self._file.comments.append(comment)
        return text[: comment.place.span.column - 1 - column].strip()

    def take(self, number: int, line: str, offset: int) -> int | None:
        """One statement of a line, and the brace behind it. Where to go on in the line, None when it is at its end."""
        condition, repeat = "", ""
        if found := _CONDITION.match(line, offset):
            condition, offset = found[1], found.end()
        if found := _REPEAT.match(line, offset):
            repeat, offset = found[1], found.end()
        words, comment, remarks = split_line(self._file.source, number, line, offset)
        self._file.remarks += remarks
        self._file.comments += [comment] if comment else []
        brace = words.pop() if words and is_brace(words[-1]) else None
        if words:
            self._stack[-1].block.append(Statement(tuple(words), condition=condition, repeat=repeat))
        if brace is None:
            return None
        self._brace(brace)
        return brace.place.span.column

    def end(self) -> None:
        """Close what is open."""
        for place in self._opened:
            self._file.remarks.append(Remark(place, "this brace is not closed: its block was read to the end of the file"))

    def _brace(self, word: Word) -> None:
        if word.text == "}":
            self._close(word)
        elif len(self._stack) > DEEPEST:
            if not self._too_deep:
                text = f"blocks nest more than {DEEPEST} deep: what is in this one was read as though it stood before it"
                self._file.remarks.append(Remark(word.place, text))
            self._too_deep += 1
        else:
            self._open(word)

    def _open(self, word: Word) -> None:
        block = self._stack[-1].block
        if not block or block[-1].opened or block[-1].defines:
            self._file.remarks.append(Remark(word.place, "this brace opens a block without a keyword: its lines were left out"))
            block.append(Statement((), opened=True))
        else:
            # A brace on a line of its own opens the block of the statement before it.
            block[-1].opened = True
        self._stack.append(block[-1])
        self._opened.append(word.place)

    def _close(self, word: Word) -> None:
        if self._too_deep:
            self._too_deep -= 1
        elif self._opened:
            self._stack.pop()
            self._opened.pop()
        else:
            self._file.remarks.append(Remark(word.place, "this brace closes nothing: it was left out"))
