"""What may be asked of a host: reading is typed apart from changing.

`Reader` is all that `status`, `kubeconfig` and checks get; only `apply` and `drill` are given a `Writer`.
`twinkeel.hosts.ssh.SshHosts` is both.
"""

import shlex
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from twinkeel.errors import HostError
from twinkeel.topology.model import Machine

DEFAULT_TIMEOUT = 20.0


class FileMissingError(HostError):
    """The host was reached, and has no such file."""


class NotPrivilegedError(HostError):
    """The host was reached, and does not let us become root."""


@dataclass(frozen=True)
class CommandResult:
    """How one command on one host ended. Output is decoded as UTF-8, bad bytes replaced."""

    machine: str
    argv: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str

    def checked(self, hint: str = "") -> "CommandResult":
        """This result when the command succeeded.

        Raises:
            HostError: the exit code was not 0; the message holds the command and its last line of error output.
        """
        if self.exit_code == 0:
            return self
        lines = (self.stderr.strip() or self.stdout.strip()).splitlines()
        last = f": {lines[-1]}" if lines else ""
        raise HostError(f"a command ended with {self.exit_code}{last}", where=f"{self.machine}: {shlex.join(self.argv)}", hint=hint)


class Reader(Protocol):
    """Commands that only read. All run as root (through sudo when the SSH user is not root)."""

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        """Run a command that changes nothing; any exit code is a result.

        Args:
            timeout: seconds for the command, after the connection stands.

        Raises:
            HostError: the host cannot be reached, refuses us, or does not answer in time.
        """
        ...

    async def read_file(self, machine: Machine, path: str) -> bytes:
        """The whole content of a file.

        Raises:
            FileMissingError: there is no such file.
            HostError: as for `run`, or the file cannot be read.
        """
        ...


class Streamer(Protocol):
    """A command that goes on reading, line by line."""

    def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
        """The lines that a command prints, as they come, until it ends or the host is lost. Closing the generator ends it.

        The command's standard input ends with the generator, so it can notice.

        Raises:
            HostError: the host cannot be reached, or is lost.
        """
        ...


class Watcher(Reader, Streamer, Protocol):
    """Everything that changes nothing: commands that read once, and commands that go on reading."""


class Writer(Watcher, Protocol):
    """Commands that change a host, besides those that read it."""

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        """Run a command that may change the host; any exit code is a result.

        Raises:
            HostError: as for `Reader.run`. A connection lost while the command runs (a reboot) is one too.
        """
        ...
