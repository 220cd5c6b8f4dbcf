"""Every error that Twinkeel raises on purpose.

TwinkeelError
 ├─ UsageError        exit 2  a command that cannot mean anything, or the wrong user
 ├─ SpecError         exit 2  a spec that is not valid, or cannot be read
 ├─ HostError         exit 3  a host could not be reached, or refused what was asked
 ├─ ToolError         exit 3  a program that we need is missing or failed
 ├─ LabError          exit 3  the lab could not do what was asked
 └─ VerificationError exit 3  the system did not come out as it must

The command line turns each into three lines (what, where, what to do) and its exit code. Anything else that escapes is a defect.
"""

EXIT_GOOD = 0
EXIT_NO = 1
EXIT_USAGE = 2
EXIT_FAILED = 3
EXIT_INTERRUPTED = 130
EXIT_UNREAD = 141
"""Whoever read the output is gone: what a shell says of a program that SIGPIPE ended."""


class TwinkeelError(Exception):
    """An error with a message for the person at the terminal.

    Args:
        what: one sentence, without a trailing full stop.
        where: a file:line:column, host, path or command; may be empty.
        hint: what to do next; may be empty.
    """

    exit_code = EXIT_FAILED

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """The three parts, a line each, empty ones left out."""
        parts = [self.what]
        if self.where:
            parts.append(f"  where: {self.where}")
        if self.hint:
            parts.append(f"  hint: {self.hint}")
        return "\n".join(parts)


class UsageError(TwinkeelError):
    """The command as typed cannot be carried out by anyone, or not by this user."""

    exit_code = EXIT_USAGE


class SpecError(TwinkeelError):
    """The spec cannot be read or is not valid; the message already holds the diagnostics."""

    exit_code = EXIT_USAGE


class HostError(TwinkeelError):
    """A host could not be reached, or a command on it failed."""


class ToolError(TwinkeelError):
    """A program on this machine is missing or failed."""


class LabError(TwinkeelError):
    """The lab could not do what was asked."""


class VerificationError(TwinkeelError):
    """What was done is done, but the system does not answer as it must."""
