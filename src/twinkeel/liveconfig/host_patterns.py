"""Host names of an Ansible inventory: `node[1:3]`, `db-[a:f]`, `host:2222`. Pure.

Source: Ansible's documentation, "How to build your inventory", "Adding ranges of hosts"; compared with ansible-inventory 2.19.
"""

import re
from collections.abc import Iterator
from string import ascii_letters

MOST_HOSTS = 10_000

_RANGE = r"\[(?:[0-9a-zA-Z]*:[0-9a-zA-Z]+)(?::[0-9]+)?\]"
_BRACKETED = re.compile(r"\[(.+)\]:(\d+)")
_WITH_PORT = re.compile(r"((?:[^:\[\]]|\[[^\]]*\])*):(\d+)")
_LABEL = rf"(?:\w|{_RANGE})(?:[\w-]|{_RANGE})*(?<![_-])"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ADDRESS6 = re.compile(rf"(?:[0-9a-fA-F:.]|{_RANGE})*:(?:[0-9a-fA-F:.]|{_RANGE})*")
_BOUNDS = re.compile(r"\[([^\[\]:]*):([^\[\]:]*)(?::([^\[\]:]*))?\]")


class BadPatternError(ValueError):
    """A range that Ansible refuses, or that stands for more hosts than an inventory has."""


def expand(pattern: str) -> tuple[list[str], int | None]:
    """The hosts that a pattern stands for, in order, and its port. Raises BadPatternError."""
    host, port = _split_port(pattern)
    names = list(_expanded(host, MOST_HOSTS))
    return names, port


def _split_port(pattern: str) -> tuple[str, int | None]:
    """A port belongs to a name or address; what is neither is a name as it stands."""
    found = _BRACKETED.fullmatch(pattern) or _WITH_PORT.fullmatch(pattern)
    if found and (_NAME.fullmatch(found[1]) or _ADDRESS6.fullmatch(found[1])):
        return found[1], int(found[2])
    return pattern, None


def _expanded(text: str, left: int) -> Iterator[str]:
    if "[" not in text:
        yield text
        return
    found = _BOUNDS.search(text)
    if found is None or text.index("[") != found.start():
        raise BadPatternError("this range is not understood")
    for part in _sequence(found[1], found[2], found[3]):
        for name in _expanded(f"{text[: found.start()]}{part}{text[found.end() :]}", left):
            left -= 1
            if left < 0:
                raise BadPatternError(f"this range stands for more than {MOST_HOSTS} hosts")
            yield name


def _sequence(first: str, last: str, step: str | None) -> Iterator[str]:
    try:
        stride = int(step) if step is not None else 1
        if first in ascii_letters and last in ascii_letters and len(first) == len(last) == 1:
            start, end = ascii_letters.index(first), ascii_letters.index(last)
            if start > end:
                raise BadPatternError("this range ends before it begins")
            yield from ascii_letters[start : end + 1 : stride]
            return
        width = len(first) if first.startswith("0") and len(first) > 1 else 0
        if width and len(last) != width:
            raise BadPatternError("both ends of this range must have the same number of digits")
        numbers = range(int(first or "0"), int(last) + 1, stride)
    except BadPatternError:
        raise
    except ValueError as error:
        raise BadPatternError("this range is not understood") from error
    yield from (str(number).zfill(width) for number in numbers)
