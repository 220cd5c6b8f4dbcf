"""The folder that a drill's histories go to, looked at before anything is asked or broken."""

import os
from pathlib import Path

from twinkeel.drill.history import EVENTS_FILE
from twinkeel.errors import ToolError, UsageError

HINT = "give another folder with -o"


def require_output(folder: Path) -> None:
    """See that histories can be written there; nothing is made yet.

    Raises:
        UsageError: it holds trials already, or is a file, or below one.
        ToolError: this user may not write there.
    """
    refuse_trials(folder)
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(each))
    if not there.is_dir():
        raise UsageError("histories go into a folder, and this is none", where=str(there), hint=HINT)
    if not os.access(there, os.W_OK | os.X_OK):
        raise ToolError("histories cannot be written there", where=str(there), hint=HINT)


def refuse_trials(folder: Path) -> None:
    """Raises UsageError for a folder that an earlier drill wrote."""
    if any(folder.glob(f"*/{EVENTS_FILE}")):
        raise UsageError("the folder holds trials already", where=str(folder), hint=HINT)
