"""One finding about a file, and the one way to show it."""

from dataclasses import dataclass
from typing import Literal

from twinkeel.source import SourceFile, Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Diagnostic:
    """What is wrong, where, why it matters and what to do.

    `code` is stable once released. `related` names a second place that takes part in the problem.
    """

    code: str
    severity: Severity
    message: str
    span: Span | None = None
    hint: str = ""
    related: tuple[tuple[Span, str], ...] = ()


def render_text(diagnostic: Diagnostic, source: SourceFile) -> str:
    """The finding as a person reads it: place, message, the line underlined, what to do."""
    span = diagnostic.span or Span(1, 1)
    lines = [f"{source.name}:{span.line}:{span.column}: {diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    if diagnostic.span is not None:
        lines += _excerpt(source, span)
    for place, note in diagnostic.related:
        lines.append(f"  {source.name}:{place.line}:{place.column}: {note}")
    if diagnostic.hint:
        lines.append(f"  to do: {diagnostic.hint}")
    return "\n".join(lines)


def as_json(diagnostic: Diagnostic, source: SourceFile) -> dict[str, object]:
    """The finding as a JSON object: code, severity, message, file, line, column, hint."""
    span = diagnostic.span or Span(1, 1)
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "file": source.name,
        "line": span.line,
        "column": span.column,
        "hint": diagnostic.hint,
    }


EXCERPT_WIDTH = 120


def _excerpt(source: SourceFile, span: Span) -> list[str]:
    text = source.line(span.line)
    # A long line is cut to a window that holds the place.
    start = max(0, span.column - EXCERPT_WIDTH // 2) if len(text) > EXCERPT_WIDTH else 0
    shown = text[start : start + EXCERPT_WIDTH]
    number = str(span.line)
    # Tabs stay tabs in the padding, so that the marker stands under what the terminal shows.
    padding = "".join("\t" if char == "\t" else " " for char in shown[: span.column - 1 - start])
    marker = "^" * max(min(span.length, len(shown) - len(padding)), 1)
    return [f"  {number} | {shown}", f"  {' ' * len(number)} | {padding}{marker}"]
