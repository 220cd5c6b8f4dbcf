"""One finding about a file, and the one way to show it."""

from typing import Literal, NamedTuple

from twinkeel.source import SourceFile, Span

Severity = Literal["error", "warning"]


class Diagnostic(NamedTuple):
    """What is wrong, where, why it matters and what to do.

    `code` is stable once released. `related` names a second place that takes part in the problem.
    """

    code: str
    severity: Severity
    message: str
    span: Span | None = None
    hint: str = ""
    related: tuple[tuple[Span, str], ...] = ()


LONGEST_QUOTED = 80
"""A value that a message quotes is cut to this many characters."""


def quoted(value: object) -> str:
    """A value as a message quotes it: in backticks, on one line, cut when it is long; a group or list by its kind."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a group of keys"
    text = str(value)
    text = text if len(text) <= LONGEST_QUOTED else text[: LONGEST_QUOTED - 3] + "..."
    return f"`{''.join(char if char.isprintable() else ascii(char)[1:-1] for char in text)}`"


def render_text(diagnostic: Diagnostic, source: SourceFile) -> str:
    """The finding as a person reads it: place, message, the line underlined, what to do."""
    span = diagnostic.span or Span(1, 1)
    lines = [f"{source.name}:{span.line}:{span.column}: {diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    if diagnostic.span is not None:
        lines += excerpt(source, span)
    for place, note in diagnostic.related:
        lines.append(f"  {source.name}:{place.line}:{place.column}: {note}")
    if diagnostic.hint:
        lines.append(f"  hint: {diagnostic.hint}")
    return "\n".join(lines)


def as_json(diagnostic: Diagnostic, source: SourceFile) -> dict[str, object]:
    """The finding as a JSON object, whose keys are stable.

    code, severity ("error" or "warning"), message, file, line, column, end_column, hint (may be ""), and related: a list of
    {line, column, message}. Lines and columns begin at 1; end_column is the first one after the text that is meant. A finding
    about the file as a whole is at 1:1.
    """
    span = diagnostic.span or Span(1, 1)
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "file": source.name,
        "line": span.line,
        "column": span.column,
        "end_column": span.column + span.length,
        "hint": diagnostic.hint,
        "related": [{"line": place.line, "column": place.column, "message": note} for place, note in diagnostic.related],
    }


EXCERPT_WIDTH = 120


def excerpt(source: SourceFile, span: Span) -> list[str]:
    """The line of a place, cut where it is long, and a marker below it."""
    return excerpt_of(source.line(span.line), span)


def excerpt_of(text: str, span: Span) -> list[str]:
    """The same for a line that is at hand."""
    # A long line is cut to a window that holds the place.
    start = max(0, span.column - EXCERPT_WIDTH // 2) if len(text) > EXCERPT_WIDTH else 0
    # Control characters would act on the terminal. Tabs stay tabs, in the padding too, so that the marker stands right.
    visible = "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in text[start : start + EXCERPT_WIDTH])
    number = str(span.line)
    padding = "".join("\t" if char == "\t" else " " for char in visible[: span.column - 1 - start])
    marker = "^" * max(min(span.length, len(visible) - len(padding)), 1)
    return [f"  {number} | {visible}", f"  {' ' * len(number)} | {padding}{marker}"]
