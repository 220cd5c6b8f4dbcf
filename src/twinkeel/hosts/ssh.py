"""Hosts over SSH: one connection per host and run, strict about host keys, bounded in time."""

import asyncio
import shlex
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import asyncssh

from twinkeel.errors import HostError
from twinkeel.hosts.executor import DEFAULT_TIMEOUT, CommandResult, FileMissingError, NotPrivilegedError
from twinkeel.hosts.ssh_access import broken, host_error, known_hosts_files, load_key, place
from twinkeel.topology.model import Machine

CONNECT_TIMEOUT = 5.0

# Exit code of our own for "no such file": cat's own 1 means many things.
_NO_FILE = 44
_READ_FILE = f'test -e "$1" || exit {_NO_FILE}; exec cat -- "$1"'


class SshHosts:
    """`Reader` and `Writer` over SSH. Use it as an async context manager; it closes its connections at the end.

    Args:
        connect_timeout: seconds for the TCP connection and the SSH handshake together.
    """

    def __init__(self, *, connect_timeout: float = CONNECT_TIMEOUT) -> None:
        self._connect_timeout = connect_timeout
        self._connections: dict[str, asyncssh.SSHClientConnection] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for connection in self._connections.values():
            connection.abort()
        self._connections.clear()

    async def connect(self, machine: Machine) -> None:
        """Make the connection now, so that trouble shows before anything is done; see `Reader.run` for errors."""
        await self._connection(machine)

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        """See `Reader.run`."""
        exit_code, stdout, stderr = await self._execute(machine, argv, timeout)
        return CommandResult(machine.name, tuple(argv), exit_code, stdout.decode(errors="replace"), stderr)

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        """See `Writer.change`."""
        return await self.run(machine, argv, timeout=timeout)

    async def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
        """See `Streamer.stream`."""
        connection = await self._connection(machine)
        become = _become(connection)
        command = shlex.join((*become, *argv))
        try:
            async with connection.create_process(command, stdin=asyncssh.PIPE, stderr=asyncssh.DEVNULL) as process:
                async for line in process.stdout:
                    # asyncssh gives an empty one more when the end comes by itself, after the last line.
                    if line:
                        yield str(line)
        except (asyncssh.Error, OSError) as error:
            self._connections.pop(machine.name, None)
            raise broken(error, place(machine)) from error

    async def read_file(self, machine: Machine, path: str) -> bytes:
        """See `Reader.read_file`."""
        argv = ("sh", "-c", _READ_FILE, "sh", path)
        exit_code, stdout, stderr = await self._execute(machine, argv, DEFAULT_TIMEOUT)
        if exit_code == _NO_FILE:
            raise FileMissingError("the host has no such file", where=f"{machine.name}:{path}")
        if exit_code != 0:
            raise HostError(f"the file cannot be read: {stderr.strip()}", where=f"{machine.name}:{path}")
        return stdout

    async def _execute(self, machine: Machine, argv: Sequence[str], timeout: float) -> tuple[int, bytes, str]:
        connection = await self._connection(machine)
        become = _become(connection)
        command = shlex.join((*become, *argv))
        try:
            done = await connection.run(command, encoding=None, stdin=asyncssh.DEVNULL, timeout=timeout)
        except asyncssh.TimeoutError as error:
            raise HostError(f"a command did not end within {timeout:g} s", where=f"{machine.name}: {command}") from error
        except (asyncssh.Error, OSError) as error:
            self._connections.pop(machine.name, None)
            raise broken(error, f"{machine.name}: {command}") from error
        exit_code = done.returncode
        if exit_code is None:
            self._connections.pop(machine.name, None)
            raise HostError("the SSH connection ended before the command did", where=f"{machine.name}: {command}")
        # encoding=None makes both outputs bytes, which asyncssh's types cannot say.
        stdout, stderr = cast(bytes, done.stdout), cast(bytes, done.stderr).decode(errors="replace")
        if become and _may_be_refusal(exit_code, stderr) and not await _may_become_root(connection, timeout):
            raise _refusal(machine, stderr)
        return exit_code, stdout, stderr

    async def _connection(self, machine: Machine) -> asyncssh.SSHClientConnection:
        # The lock keeps two first commands to one host from opening two connections.
        async with self._locks.setdefault(machine.name, asyncio.Lock()):
            known = self._connections.get(machine.name)
            if known is not None and not known.is_closed():
                return known
            connection = await self._open(machine)
            self._connections[machine.name] = connection
            return connection

    async def _open(self, machine: Machine) -> asyncssh.SSHClientConnection:
        known_hosts = known_hosts_files(machine)
        identity = machine.ssh.identity_file
        # A key that the spec names is the only one offered: others may lock us out (MaxAuthTries).
        keys = {"client_keys": [load_key(Path(identity))], "agent_path": None} if identity else {}
        try:
            async with asyncio.timeout(self._connect_timeout + 1):
                return await asyncssh.connect(
                    machine.ssh_destination,
                    machine.ssh.port or (),
                    username=machine.ssh.user or (),
                    known_hosts=known_hosts,
                    connect_timeout=self._connect_timeout,
                    keepalive_interval=5,
                    keepalive_count_max=2,
                    preferred_auth="publickey",
                    **keys,
                )
        except (asyncssh.Error, OSError, ValueError) as error:
            raise host_error(machine, error, self._connect_timeout) from error


def _become(connection: asyncssh.SSHClientConnection) -> tuple[str, ...]:
    """What makes us root there. The user that ssh's own configuration may have given is the connection's."""
    return () if connection.get_extra_info("username") == "root" else ("sudo", "-n", "--")


def _may_be_refusal(exit_code: int, stderr: str) -> bool:
    """Whether sudo itself may have ended a command: it also writes warnings (an unknown host name) before it runs one."""
    return (exit_code == 1 and stderr.startswith("sudo: ")) or (exit_code == 127 and "sudo" in stderr)


async def _may_become_root(connection: asyncssh.SSHClientConnection, timeout: float) -> bool:
    """Ask sudo for nothing but root: its words are translated, its exit code is not."""
    try:
        return (await connection.run("sudo -n -- true", stdin=asyncssh.DEVNULL, timeout=timeout)).returncode == 0
    except (asyncssh.Error, OSError):
        return False


def _refusal(machine: Machine, stderr: str) -> NotPrivilegedError:
    hint = f"let {machine.ssh.user or 'this user'} run sudo without a password (NOPASSWD) there, or use ssh.user: root"
    message = stderr.strip().splitlines()[-1]
    return NotPrivilegedError(f"sudo does not let us become root: {message}", where=place(machine), hint=hint)
