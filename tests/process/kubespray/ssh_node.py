"""A node for Ansible: an SSH server on the loopback address that runs commands for real, each in a folder of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh

LOOPBACK = "127.0.0.1"
STARTS_WITHIN = 60.0


@dataclass(frozen=True)
class SshNode:
    """Where it listens, and the files with which it is reached."""

    port: int
    identity_file: Path
    known_hosts_file: Path


async def shell(process: "asyncssh.SSHServerProcess[bytes]") -> None:
    """Run the command, with its input and output passed on as they come; a command need not read its input."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_shell(str(process.command), stdin=pipe, stdout=pipe, stderr=pipe)
    assert child.stdin is not None
    feeding = asyncio.create_task(_feed(process, child.stdin))
    await asyncio.gather(_pass_on(child.stdout, process.stdout), _pass_on(child.stderr, process.stderr))
    process.exit(await child.wait())
    feeding.cancel()


async def _feed(process: "asyncssh.SSHServerProcess[bytes]", to: asyncio.StreamWriter) -> None:
    with suppress(BrokenPipeError, ConnectionResetError, asyncssh.BreakReceived, asyncssh.SignalReceived):
        while data := await process.stdin.read(65536):
            to.write(data)
            await to.drain()
    to.close()


async def _pass_on(source: asyncio.StreamReader | None, to: "asyncssh.SSHWriter[bytes]") -> None:
    assert source is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        while data := await source.read(65536):
            to.write(data)


async def _serve(folder: Path, started: threading.Event, ports: list[int], over: asyncio.Event) -> None:
    host_key, key = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(folder / "id"))
    (folder / "id").chmod(0o600)
    (folder / "authorized_keys").write_bytes(key.export_public_key())
    listener = await asyncssh.listen(
        LOOPBACK,
        0,
        server_host_keys=[host_key],
        authorized_client_keys=str(folder / "authorized_keys"),
        process_factory=shell,
        sftp_factory=True,
        encoding=None,
    )
    ports.append(listener.get_port())
    (folder / "known_hosts").write_text(f"[{LOOPBACK}]:{ports[0]} {host_key.export_public_key().decode()}")
    started.set()
    await over.wait()
    listener.close()


@contextmanager
def ssh_node(folder: Path) -> Iterator[SshNode]:
    """A server for the time of the context; its keys are in `folder`."""
    folder.mkdir()
    loop, over = asyncio.new_event_loop(), asyncio.Event()
    started, ports = threading.Event(), list[int]()
    thread = threading.Thread(target=loop.run_until_complete, args=(_serve(folder, started, ports, over),))
    thread.start()
    try:
        assert started.wait(STARTS_WITHIN)
        yield SshNode(ports[0], folder / "id", folder / "known_hosts")
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
