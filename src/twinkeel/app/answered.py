"""What came of a question about one of many specs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from twinkeel.errors import TwinkeelError, UsageError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Answered(Generic[Result]):
    """What came of one spec: a result, or the error that a command about it alone would have ended with."""

    file: Path
    name: str | None
    result: Result | TwinkeelError


def same_names(named: Sequence[tuple[str | None, Path]]) -> UsageError | None:
    """What is wrong where two specs name their cluster alike: nobody could tell their answers apart."""
    seen: dict[str, Path] = {}
    for name, file in named:
        if name is not None and (other := seen.setdefault(name, file)) is not file:
            return UsageError(f"two specs name their cluster {name}", where=str(file), hint=f"the other one is {other}")
    return None


def refuse_same_names(named: Sequence[tuple[str | None, Path]]) -> None:
    """Raises UsageError where two specs name their cluster alike."""
    if error := same_names(named):
        raise error
