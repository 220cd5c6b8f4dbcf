"""The settings of an audit: the file that is named, or the one of the working folder."""

from collections.abc import Callable
from pathlib import Path

from twinkeel.audit.given_files.files import read
from twinkeel.audit.profiles import rules_of
from twinkeel.audit.settings import NAME, Settings, read_settings
from twinkeel.diagnostic import Diagnostic
from twinkeel.errors import UsageError
from twinkeel.source import SourceFile

__all__ = ["Settings", "rules_of", "settings"]


def settings(file: Path | None, on_finding: Callable[[Diagnostic, SourceFile], None]) -> Settings:
    """The settings of the named file, else of the working folder's, else none.

    Never one that lies among the audited files: what is audited has no say in how.

    Args:
        on_finding: is told each error of the file.

    Raises:
        UsageError: the named file is not there, or a file has errors.
        OSError: it cannot be read.
    """
    path = file or Path(NAME)
    if file is None and not path.is_file():
        return Settings()
    if not path.is_file():
        raise UsageError("there is no such settings file", where=str(path))
    source = read(path, [])
    if source is None:
        raise UsageError("not a text file: it contains NUL bytes", where=str(path))
    found, diagnostics = read_settings(source)
    for each in diagnostics:
        on_finding(each, source)
    if diagnostics:
        count = len(diagnostics)
        raise UsageError(f"the audit's settings have {count} error{'s' if count > 1 else ''}", where=str(path))
    return found
