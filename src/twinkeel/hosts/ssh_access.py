"""What is wrong with an SSH key file, a known_hosts file, or a connection, in words that say what to do."""

import asyncio
from pathlib import Path

import asyncssh

from twinkeel.errors import HostError
from twinkeel.support.connection_trouble import connection_trouble
from twinkeel.topology.model import Machine

SSH_PORT = 22
SYSTEM_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")
KEY_HINT = "check ssh.identity_file in the spec, or set TWINKEEL_SSH_IDENTITY_FILE"
KNOWN_HOSTS_HINT = "check ssh.known_hosts_file in the spec, or set TWINKEEL_SSH_KNOWN_HOSTS_FILE"


def place(machine: Machine) -> str:
    """The host as an error names it: `lb-1 (root@192.168.1.111, port 22)`."""
    user = f"{machine.ssh.user}@" if machine.ssh.user else ""
    port = f", port {machine.ssh.port}" if machine.ssh.port else ""
    return f"{machine.name} ({user}{machine.ssh_destination}{port})"


def load_key(path: Path) -> asyncssh.SSHKey:
    """The private key of an identity file.

    Raises:
        HostError: missing, unreadable, open to other users, encrypted, or not a private key.
    """
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except FileNotFoundError:
        raise HostError("the SSH key file does not exist", where=str(path), hint=KEY_HINT) from None
    except OSError as error:
        raise HostError(f"the SSH key file cannot be read: {error.strerror}", where=str(path), hint=KEY_HINT) from error
    if mode & 0o077:
        # ssh itself refuses such a key, so Ansible would fail later and less clearly.
        raise HostError(
            f"other users can read the SSH key file (mode {mode & 0o777:04o})", where=str(path), hint=f"chmod 600 {path}"
        )
    try:
        return asyncssh.import_private_key(data)
    except (asyncssh.KeyEncryptionError, asyncssh.KeyImportError) as error:
        # Which of the two comes for a key with a passphrase depends on an optional package; both messages name it.
        if "encrypt" in str(error) or "passphrase" in str(error):
            hint = "load the key into ssh-agent, and leave identity_file out of the spec"
            raise HostError("the SSH key is protected by a passphrase", where=str(path), hint=hint) from error
        raise HostError("the file is not an SSH private key", where=str(path), hint=KEY_HINT) from error


def known_hosts_files(machine: Machine) -> list[str]:
    """The known_hosts files that count for a host: the spec's, or those that ssh reads by default.

    Raises:
        HostError: the file that the spec names is missing or unreadable, or there is none at all.
    """
    if machine.ssh.known_hosts_file is None:
        found = [str(path) for path in (Path("~/.ssh/known_hosts").expanduser(), SYSTEM_KNOWN_HOSTS) if path.is_file()]
        if not found:
            raise _unknown_host_key(machine, "~/.ssh/known_hosts")
        return found
    path = Path(machine.ssh.known_hosts_file)
    try:
        path.read_bytes()
    except OSError as error:
        raise HostError(f"the known_hosts file cannot be read: {error.strerror}", where=str(path), hint=KNOWN_HOSTS_HINT) from error
    return [str(path)]


def host_error(machine: Machine, error: Exception, timeout: float) -> HostError:
    """The error for a connection that did not come about; `timeout` is what it was given, in seconds."""
    where = place(machine)
    # In asyncssh, HostKeyNotVerifiable is raised for a key that is unknown and for one that differs alike.
    if isinstance(error, asyncssh.HostKeyNotVerifiable | asyncssh.KeyExchangeFailed):
        return _host_key_error(machine, error)
    if isinstance(error, asyncssh.PermissionDenied):
        key = machine.ssh.identity_file or "the keys of ssh-agent and ~/.ssh"
        hint = f"put the public key into ~{machine.ssh.user}/.ssh/authorized_keys there; offered: {key}"
        return HostError("the host refuses our SSH key", where=where, hint=hint)
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return HostError(f"the host did not answer within {timeout:g} s", where=where, hint="is it up, and is its address right?")
    if isinstance(error, asyncssh.ConfigParseError):
        # ssh takes more than asyncssh does: see findings/asyncssh-openssh-config-values.sh.
        hint = "ssh may accept it; for Twinkeel write times in seconds, ports as numbers, and `yes` or `no`"
        return HostError(f"your SSH configuration cannot be read: {error}", where="~/.ssh/config", hint=hint)
    if isinstance(error, asyncssh.Error):
        return HostError(
            f"SSH failed: {error.reason or error}",
            where=where,
            hint=f"try: {_by_hand(machine)}",
        )
    reason = connection_trouble(error) if isinstance(error, OSError) else str(error)
    return HostError(f"the host cannot be reached: {reason}", where=where, hint="is it up, and does sshd listen there?")


def broken(error: Exception, where: str) -> HostError:
    """The error for a connection that was there, and ended."""
    return HostError(f"the SSH connection broke: {connection_trouble(error) if isinstance(error, OSError) else error}", where=where)


def _by_hand(machine: Machine) -> str:
    """The command that does the same at a terminal."""
    port = f"-p {machine.ssh.port} " if machine.ssh.port else ""
    user = f"{machine.ssh.user}@" if machine.ssh.user else ""
    return f"ssh {port}{user}{machine.ssh_destination}"


def _host_key_error(machine: Machine, error: asyncssh.DisconnectError) -> HostError:
    address = machine.ssh_destination
    files = known_hosts_files(machine)
    matched = asyncssh.match_known_hosts(list(files), address, address, machine.ssh.port or SSH_PORT)
    if not any(matched[:2]):
        return _known_by_name(machine, files) or _unknown_host_key(machine, " ".join(files))
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return HostError(f"SSH failed: {error.reason}", where=place(machine), hint=f"known keys are in {' '.join(files)}")
    remove = f"ssh-keygen -R {_known_name(machine)} -f {files[0]}"
    hint = f"if the host was installed anew, remove its old key: {remove}; if not, someone may be listening"
    return HostError("the host shows another SSH host key than the known one", where=place(machine), hint=hint)


def _known_by_name(machine: Machine, files: list[str]) -> HostError | None:
    """Where `ssh NAME` works by hand: its key stands under the name, and we connect to the address that the spec gives."""
    for name in (machine.fqdn, machine.name):
        if any(asyncssh.match_known_hosts(list(files), name, "", machine.ssh.port or SSH_PORT)[:2]):
            known = name if machine.ssh.port in (0, SSH_PORT) else f"'[{name}]:{machine.ssh.port}'"
            hint = (
                f"compare `ssh-keygen -l -F {known} -f {files[0]}` with `{_keyscan(machine)} | "
                f"ssh-keygen -lf -`, then append what ssh-keyscan prints to {files[0]}"
            )
            return HostError(f"the host's SSH key is known for {name}, not for its address", where=place(machine), hint=hint)
    return None


def _unknown_host_key(machine: Machine, files: str) -> HostError:
    hint = f"compare its fingerprint, then: {_keyscan(machine)} >> {files.split()[0]}"
    return HostError(f"the host's SSH key is not known ({files})", where=place(machine), hint=hint)


def _known_name(machine: Machine) -> str:
    host = machine.ssh_destination
    return host if machine.ssh.port in (0, SSH_PORT) else f"'[{host}]:{machine.ssh.port}'"


def _keyscan(machine: Machine) -> str:
    return f"ssh-keyscan -p {machine.ssh.port or SSH_PORT} {machine.ssh_destination}"
