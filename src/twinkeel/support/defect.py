"""A defect of ours: its traceback is kept for a report, and never shown."""

import traceback
from tempfile import NamedTemporaryFile

HINT = "report it with that file"


def keep_traceback(error: BaseException) -> str:
    """Write the traceback into a new file that its owner alone may read; the file's path."""
    with NamedTemporaryFile("w", prefix="twinkeel-defect-", suffix=".txt", delete=False, encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    return file.name
