"""Use case: a new spec and the file of its passwords."""

from pathlib import Path

from twinkeel.app.context import OnFindings, usable_spec
from twinkeel.errors import UsageError
from twinkeel.source import SourceFile
from twinkeel.spec.new_files import NewFile, refuse_existing, write_new
from twinkeel.spec.new_secrets import new_secrets_text


def passwords_path(file: Path, secrets_file: str | None) -> Path:
    """Where the passwords of the new spec at `file` will be.

    Raises:
        UsageError: one of the two files is there already, or both are one.
    """
    refuse_existing([file], "edit it, or name another file with -f")
    passwords = file.parent / Path(secrets_file or "secrets.yaml").expanduser()
    if passwords.resolve() == file.resolve():
        raise UsageError(
            "the spec and its passwords cannot be in one file", where=str(file), hint="name another one with --secrets-file"
        )
    refuse_existing([passwords], "another spec may need it: name another file with --secrets-file")
    return passwords


def write_spec(file: Path, passwords: Path, text: str, on_findings: OnFindings) -> None:
    """Write both files, or neither; `on_findings` is told what `check` would say. Raises SpecError for a spec with errors."""
    usable_spec(SourceFile(str(file), text), on_findings)
    write_new([NewFile(passwords, new_secrets_text(), 0o600), NewFile(file, text)])
