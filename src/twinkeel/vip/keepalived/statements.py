"""A keepalived.conf as nested statements, whoever wrote it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from twinkeel.observe.words import words_of


@dataclass
class Statement:
    """One line, and the block that follows it; `words` is empty for the file as a whole."""

    words: tuple[str, ...]
    number: int
    block: list["Statement"] = field(default_factory=list)

    @property
    def keyword(self) -> str:
        """Its first word."""
        return self.words[0] if self.words else ""

    @property
    def value(self) -> str:
        """Its second word; empty where there is none."""
        return self.words[1] if len(self.words) > 1 else ""

    def named(self, *keywords: str) -> Iterator["Statement"]:
        """Every statement in its block that begins with one of these."""
        return (each for each in self.block if each.keyword in keywords)


def parse_keepalived(text: str) -> Statement:
    """The file as one statement. Never fails: a brace too many is left out, and one that is missing is closed at the end."""
    whole = Statement((), 0)
    stack = [whole]
    for number, line in enumerate(text.splitlines(), 1):
        fresh: list[str] = []
        for word in (*words_of(line, comments="#!", alone="{}"), "\n"):
            if word in ("{", "}", "\n") and fresh:
                stack[-1].block.append(Statement(tuple(fresh), number))
                fresh = []
            if word == "{":
                # A brace on a line of its own opens the block of the statement before it.
                stack.append(stack[-1].block[-1] if stack[-1].block else Statement((), number))
            elif word == "}":
                if len(stack) > 1:
                    stack.pop()
            elif word != "\n":
                fresh.append(word)
    return whole
