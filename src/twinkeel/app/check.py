"""Use case: every problem of a spec, those included that only its rendered files show."""

from pathlib import Path
from typing import NamedTuple

from twinkeel.app.check_rendered import Validation, validate_rendered
from twinkeel.diagnostic import Diagnostic
from twinkeel.kubespray.find_support import find_support
from twinkeel.source import SourceFile
from twinkeel.spec.document import read_source
from twinkeel.spec.load import Loaded, in_order, load


class Checked(NamedTuple):
    """What was found, in the order of the file, notes on what could not be looked at, and the cluster's name."""

    source: SourceFile
    diagnostics: tuple[Diagnostic, ...]
    notes: tuple[str, ...]
    name: str | None = None

    @property
    def valid(self) -> bool:
        """Whether no finding is an error."""
        return not any(item.severity == "error" for item in self.diagnostics)


def check(file: Path) -> Checked:
    """What is to say about the spec at `file`. No password is read. Raises SpecError when the file cannot be read."""
    return check_source(read_source(file), file)


def check_source(source: SourceFile, file: Path) -> Checked:
    """The same of a text that is or will be at `file`."""
    loaded = load(source, find_support)
    validation = _validation(loaded, file)
    name = str(loaded.document.values.get("name", "")) if loaded.document is not None else ""
    return Checked(loaded.source, in_order([*loaded.diagnostics, *validation.diagnostics]), validation.notes, name or None)


def _validation(loaded: Loaded, file: Path) -> Validation:
    """What the rendered files show, once there is a spec to render."""
    if loaded.spec is None or loaded.document is None:
        return Validation((), ())
    return validate_rendered(loaded.spec, loaded.document, file.parent)
