"""A finding as text and JSON."""

from twinkeel.diagnostic import EXCERPT_WIDTH, LONGEST_QUOTED, Diagnostic, as_json, quoted, render_text
from twinkeel.source import SourceFile, Span

SOURCE = SourceFile("twinkeel.yaml", "name: x\n\tvip:\tbad value\n" + "a" * 300 + "\n")


def test_text_points_at_the_place_and_says_what_to_do() -> None:
    diagnostic = Diagnostic("S999", "error", "it is bad", Span(1, 7, 1), "make it good", ((Span(2, 2, 3), "because of this"),))
    assert render_text(diagnostic, SOURCE).splitlines() == [
        "twinkeel.yaml:1:7: error[S999]: it is bad",
        "  1 | name: x",
        "    |       ^",
        "  twinkeel.yaml:2:2: because of this",
        "  hint: make it good",
    ]


def test_tabs_before_the_place_stay_tabs() -> None:
    assert render_text(Diagnostic("S999", "warning", "m", Span(2, 7, 9)), SOURCE).splitlines()[2] == "    | \t    \t^^^^^^^^^"


def test_a_finding_without_a_place_shows_no_line() -> None:
    assert render_text(Diagnostic("S999", "error", "m", None, "h"), SOURCE) == "twinkeel.yaml:1:1: error[S999]: m\n  hint: h"


def test_a_long_line_is_cut_around_the_place() -> None:
    source = SourceFile("x", "a" * 200 + "HERE" + "b" * 200)
    _, quoted, marker = render_text(Diagnostic("S999", "error", "m", Span(1, 201, 4)), source).splitlines()
    assert len(quoted) == EXCERPT_WIDTH + len("  1 | ")
    assert quoted[marker.index("^") : marker.rindex("^") + 1] == "HERE"


def test_a_marker_ends_where_the_shown_line_ends() -> None:
    source = SourceFile("x", "k" * 500)
    _, quoted, marker = render_text(Diagnostic("S999", "error", "m", Span(1, 1, 500)), source).splitlines()
    assert len(marker) == len(quoted)


def test_json_has_the_same_facts() -> None:
    diagnostic = Diagnostic("S999", "error", "it is bad", Span(1, 7, 1), "make it good", ((Span(2, 2, 3), "because of this"),))
    assert as_json(diagnostic, SOURCE) == {
        "code": "S999",
        "severity": "error",
        "message": "it is bad",
        "file": "twinkeel.yaml",
        "line": 1,
        "column": 7,
        "end_column": 8,
        "hint": "make it good",
        "related": [{"line": 2, "column": 2, "message": "because of this"}],
    }


def test_what_the_user_wrote_cannot_act_on_the_terminal() -> None:
    source = SourceFile("x", "a: \x1b[31mred")
    assert "\x1b" not in render_text(Diagnostic("S999", "error", "m", Span(1, 4, 8)), source)
    assert quoted("\x1b[31m\n") == "`\\x1b[31m\\n`"


def test_a_message_quotes_values_shortly() -> None:
    assert quoted("x" * 1000) == f"`{'x' * (LONGEST_QUOTED - 3)}...`"
    assert (quoted([1]), quoted({}), quoted(True), quoted("a")) == ("a list", "a group of keys", "`true`", "`a`")
