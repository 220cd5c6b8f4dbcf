"""SshHosts against a real SSH server on the loopback address: what works, and every refusal's words."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path

import asyncssh
import pytest

from twinkeel.errors import HostError
from twinkeel.hosts.executor import FileMissingError
from twinkeel.hosts.ssh import SshHosts
from twinkeel.topology.model import Machine, SshAccess

LOOPBACK = "127.0.0.1"


@dataclass
class Server:
    machine: Machine
    folder: Path
    connections: list[object]


def write_key(path: Path) -> asyncssh.SSHKey:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(path))
    path.chmod(0o600)
    return key


CHILDREN: list[asyncio.subprocess.Process] = []


async def shell(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Run the command for real, as sshd would."""
    child = await asyncio.create_subprocess_shell(
        f"exec {process.command}", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    CHILDREN.append(child)
    stdout, stderr = await child.communicate()
    process.stdout.write(stdout)
    process.stderr.write(stderr)
    process.exit(child.returncode or 0)


@asynccontextmanager
async def serve(folder: Path, user: str = "root") -> AsyncIterator[Server]:
    connections: list[object] = []

    class Counting(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            connections.append(conn)

    host_key = asyncssh.generate_private_key("ssh-ed25519")
    client_key = write_key(folder / "id")
    (folder / "authorized_keys").write_bytes(client_key.export_public_key())
    listener = await asyncssh.listen(
        LOOPBACK,
        0,
        server_factory=Counting,
        server_host_keys=[host_key],
        authorized_client_keys=str(folder / "authorized_keys"),
        process_factory=shell,
        encoding=None,
    )
    port = listener.get_port()
    (folder / "known_hosts").write_text(f"[{LOOPBACK}]:{port} {host_key.export_public_key().decode()}")
    access = SshAccess(user, port, str(folder / "id"), str(folder / "known_hosts"))
    machine = Machine("lb-1", "lb-1.example.com", IPv4Address(LOOPBACK), "eth0", ("load_balancer",), access)
    try:
        yield Server(machine, folder, connections)
    finally:
        for child in CHILDREN:
            if child.returncode is None:
                child.kill()
                await child.wait()
        CHILDREN.clear()
        listener.close()
        await listener.wait_closed()


def refused(tmp_path: Path, patience: float = 60, **access: object) -> HostError:
    """The error of one command, after the access to the server was spoiled."""

    async def attempt() -> HostError:
        async with serve(tmp_path) as server, SshHosts(connect_timeout=patience) as hosts:
            machine = replace(server.machine, ssh=replace(server.machine.ssh, **access))
            with pytest.raises(HostError) as caught:
                await hosts.run(machine, ["true"])
            return caught.value

    return asyncio.run(attempt())


def test_commands_return_output_and_exit_code_over_one_connection(tmp_path: Path) -> None:
    async def attempt() -> None:
        async with serve(tmp_path) as server, SshHosts(connect_timeout=60) as hosts:
            results = await asyncio.gather(*(hosts.run(server.machine, ["echo", f"a  b'{n}"]) for n in range(3)))
            assert [result.stdout for result in results] == [f"a  b'{n}\n" for n in range(3)]
            bad = await hosts.change(server.machine, ["sh", "-c", "echo first >&2; echo why >&2; exit 3"])
            assert (bad.exit_code, bad.stderr) == (3, "first\nwhy\n")
            with pytest.raises(HostError, match="ended with 3: why"):
                bad.checked()
            assert len(server.connections) == 1

    asyncio.run(attempt())


def test_read_file_gives_the_exact_bytes_and_tells_a_missing_file_apart(tmp_path: Path) -> None:
    content = bytes(range(256))
    (tmp_path / "a file").write_bytes(content)

    async def attempt() -> None:
        async with serve(tmp_path) as server, SshHosts(connect_timeout=60) as hosts:
            assert await hosts.read_file(server.machine, str(tmp_path / "a file")) == content
            with pytest.raises(FileMissingError):
                await hosts.read_file(server.machine, str(tmp_path / "none"))
            with pytest.raises(HostError, match="cannot be read") as caught:
                await hosts.read_file(server.machine, str(tmp_path))
            assert not isinstance(caught.value, FileMissingError)

    asyncio.run(attempt())


def test_a_command_that_hangs_ends_with_an_error(tmp_path: Path) -> None:
    async def attempt() -> None:
        async with serve(tmp_path) as server, SshHosts(connect_timeout=60) as hosts:
            with pytest.raises(HostError, match=r"did not end within 0\.2 s"):
                await hosts.run(server.machine, ["sleep", "100"], timeout=0.2)

    asyncio.run(attempt())


def test_a_host_that_accepts_but_never_speaks_is_given_up(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        error = refused(tmp_path, patience=0.5, port=silent.getsockname()[1])
    assert error.what == "the host did not answer within 0.5 s"
    assert "lb-1 (root@127.0.0.1" in error.where


def test_a_closed_port_is_unreachable(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    error = refused(tmp_path, port=port)
    assert "cannot be reached" in error.what


def test_an_unknown_host_key(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# none\n")
    error = refused(tmp_path, known_hosts_file=str(tmp_path / "empty"))
    assert "is not known" in error.what
    assert "ssh-keyscan" in error.hint


def test_a_host_key_that_is_known_for_the_name_alone_and_after_the_hint(tmp_path: Path) -> None:
    async def attempt() -> tuple[HostError, str]:
        async with serve(tmp_path) as server, SshHosts(connect_timeout=60) as hosts:
            file, name = Path(tmp_path, "known_hosts"), f"[{server.machine.fqdn}]:{server.machine.ssh.port}"
            line = file.read_text()
            file.write_text(f"{name} {line.partition(' ')[2]}")
            with pytest.raises(HostError) as caught:
                await hosts.run(server.machine, ["true"])
            # What ssh-keyscan prints.
            file.write_text(file.read_text() + line)
            return caught.value, (await hosts.run(server.machine, ["echo", "in"])).stdout

    error, said = asyncio.run(attempt())
    assert error.what.startswith("the host's SSH key is known for ")
    assert "ssh-keygen -l -F '[" in error.hint
    assert "ssh-keyscan -p" in error.hint
    assert said.strip() == "in"


def test_another_host_key_than_the_known_one(tmp_path: Path) -> None:
    async def attempt() -> HostError:
        async with serve(tmp_path) as server, SshHosts(connect_timeout=60) as hosts:
            other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
            Path(tmp_path, "known_hosts").write_text(f"[{LOOPBACK}]:{server.machine.ssh.port} {other}")
            with pytest.raises(HostError) as caught:
                await hosts.run(server.machine, ["true"])
            return caught.value

    error = asyncio.run(attempt())
    assert error.what == "the host shows another SSH host key than the known one"
    assert "ssh-keygen -R '[127.0.0.1]:" in error.hint


def test_the_known_hosts_file_is_missing(tmp_path: Path) -> None:
    error = refused(tmp_path, known_hosts_file=str(tmp_path / "none"))
    assert error.what.startswith("the known_hosts file cannot be read")


def test_a_key_that_the_host_does_not_know(tmp_path: Path) -> None:
    write_key(tmp_path / "other")
    error = refused(tmp_path, identity_file=str(tmp_path / "other"))
    assert error.what == "the host refuses our SSH key"
    assert "authorized_keys" in error.hint


def test_a_missing_key_file(tmp_path: Path) -> None:
    assert refused(tmp_path, identity_file=str(tmp_path / "none")).what == "the SSH key file does not exist"


def test_a_key_file_that_others_can_read(tmp_path: Path) -> None:
    write_key(tmp_path / "open")
    (tmp_path / "open").chmod(0o644)
    error = refused(tmp_path, identity_file=str(tmp_path / "open"))
    assert error.what == "other users can read the SSH key file (mode 0644)"
    assert error.hint == f"chmod 600 {tmp_path / 'open'}"


def test_a_key_with_a_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(path)], check=True)
    assert "passphrase" in refused(tmp_path, identity_file=str(path)).what


def test_a_file_that_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "text").chmod(0o600)
    assert refused(tmp_path, identity_file=str(tmp_path / "text")).what == "the file is not an SSH private key"


@pytest.mark.parametrize(
    ("sudo", "refusal"),
    [
        ("#!/bin/sh\necho 'sudo: a password is required' >&2; exit 1\n", "sudo: a password is required"),
        ('#!/bin/sh\nshift 2; exec "$@"\n', None),
        # A warning of its own before it runs a command is no refusal, whatever that command's exit code is.
        ('#!/bin/sh\necho "sudo: unable to resolve host lb-1" >&2\nshift 2; exec "$@"\n', None),
    ],
)
def test_a_user_who_is_not_root_goes_through_sudo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sudo: str, refusal: str | None
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sudo").write_text(sudo)
    (tmp_path / "bin/sudo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")

    async def attempt() -> None:
        async with serve(tmp_path) as server, SshHosts(connect_timeout=60) as hosts:
            machine = replace(server.machine, ssh=replace(server.machine.ssh, user="ops"))
            if refusal is None:
                assert (await hosts.run(machine, ["echo", "ran"])).stdout == "ran\n"
                assert (await hosts.run(machine, ["sh", "-c", "echo 'other: no' >&2; exit 1"])).exit_code == 1
                return
            with pytest.raises(HostError, match=refusal) as caught:
                await hosts.run(machine, ["echo", "ran"])
            assert "NOPASSWD" in caught.value.hint

    asyncio.run(attempt())


def test_a_lost_connection_is_an_error_and_the_next_command_connects_again(tmp_path: Path) -> None:
    async def attempt() -> None:
        async with serve(tmp_path) as server, SshHosts(connect_timeout=60) as hosts:
            running = asyncio.create_task(hosts.run(server.machine, ["sleep", "100"], timeout=100))
            while not CHILDREN:
                await asyncio.sleep(0.01)
            server.connections[0].abort()  # type: ignore[attr-defined]
            with pytest.raises(HostError, match=r"ended before|broke"):
                await running
            assert (await hosts.run(server.machine, ["echo", "back"])).stdout == "back\n"

    asyncio.run(attempt())


def test_a_value_of_the_users_own_configuration_that_ssh_alone_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host *\n  ServerAliveInterval 5m\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    error = refused(tmp_path)
    assert "Invalid ServerAliveInterval integer value: 5m" in error.what
    assert error.hint.startswith("ssh may accept it; for Twinkeel write times in seconds")
