"""`twinkeel check` of several specs."""

from collections.abc import Sequence
from pathlib import Path

from twinkeel.app.answered import Answered, same_names
from twinkeel.app.check import Checked
from twinkeel.app.check import check as check_spec
from twinkeel.cli.check import bear_any_text, checked_json, counted
from twinkeel.cli.many import View, show_many
from twinkeel.diagnostic import render_text
from twinkeel.errors import EXIT_GOOD, EXIT_NO, TwinkeelError

VIEW = View[Checked](
    "check",
    code=lambda checked: EXIT_GOOD if checked.valid else EXIT_NO,
    as_json=checked_json,
    summary=counted,
    details=lambda checked: [
        *(line for item in checked.diagnostics for line in render_text(item, checked.source).splitlines()),
        *(f"note: {note}" for note in checked.notes),
    ],
)


def check_many(specs: Sequence[Path], *, as_json: bool) -> int:
    """Print what was found in each spec; returns the exit code. Raises UsageError, after that, where two have the same name."""
    bear_any_text()
    answers = [_answer(path) for path in specs]
    error = same_names([(each.name, each.file) for each in answers])
    code = show_many(VIEW, answers, as_json=as_json, error=error)
    if error is not None:
        raise error
    return code


def _answer(path: Path) -> Answered[Checked]:
    try:
        checked = check_spec(path)
    except TwinkeelError as error:
        return Answered(path, None, error)
    return Answered(path, checked.name, checked)
