"""Lines of a source file; what an error says and how a command ends."""

import pytest

from twinkeel import errors
from twinkeel.source import SourceFile, Span


def test_lines_count_from_one_and_a_missing_one_is_empty() -> None:
    source = SourceFile("x", "one\ntwo\r\nthree")
    assert [source.line(number) for number in (0, 1, 2, 3, 4)] == ["", "one", "two", "three", ""]


def test_spans_sort_by_place() -> None:
    assert sorted([Span(2, 1), Span(1, 9), Span(1, 2)]) == [Span(1, 2), Span(1, 9), Span(2, 1)]


def test_an_error_is_one_line_per_part_and_leaves_out_empty_ones() -> None:
    assert str(errors.HostError("no answer", where="lb-1", hint="switch it on")) == "no answer\n  where: lb-1\n  hint: switch it on"
    assert str(errors.HostError("no answer")) == "no answer"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UsageError, 2),
        (errors.SpecError, 2),
        (errors.HostError, 3),
        (errors.ToolError, 3),
        (errors.LabError, 3),
        (errors.VerificationError, 3),
    ],
)
def test_exit_codes_are_the_documented_ones(kind: type[errors.TwinkeelError], code: int) -> None:
    assert kind("x").exit_code == code
