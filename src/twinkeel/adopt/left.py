"""From what differs to what is told: each line with its reason, and the same line of several hosts once. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from twinkeel.adopt.draft import Draft, at
from twinkeel.adopt.line_change import Change
from twinkeel.adopt.notes import Left
from twinkeel.adopt.reasons import effect_of, reason_of
from twinkeel.audit.hidden import hidden


def left_lines(draft: Draft, changes: Sequence[Change]) -> Iterator[Left]:
    """Every line that is not carried over, by file and line of the first host that has it."""
    merged: dict[tuple[str, str, str, int], Left] = {}
    seen: dict[tuple[str, str], int] = {}
    for change in changes:
        why, instead = draft.why.get(at(change.place)) or reason_of(change)
        text = hidden(_whole(change))
        # The second such line of one file is the second one of the other.
        count = seen[change.place.source.name, text] = seen.get((change.place.source.name, text), 0) + 1
        key = (text, why, instead, count)
        first = merged.get(key)
        if first is None:
            merged[key] = Left(change.place, text, hidden(why), hidden(instead), effect_of(change, instead))
        elif change.place.source.name != first.place.source.name:
            merged[key] = replace(first, also=(*first.also, change.place))
    yield from sorted(merged.values(), key=lambda each: (each.place.source.name, each.place.span.line, each.place.span.column))


def _whole(change: Change) -> str:
    """The statement; of one that stands for a file or a remark, what it is."""
    return change.text
