"""What every host is given before it boots, and how files reach its overlay."""

import hashlib
import os
from pathlib import Path

from twinkeel.errors import LabError
from twinkeel.lab.model import HostFile, LabHost, LabLayout
from twinkeel.lab.ssh_keys import SshKey

SECRET = 0o600
FIRST_USER_ID = 1000
UNIT_FOLDERS = ("etc/systemd/system", "lib/systemd/system", "usr/lib/systemd/system")
WANTED_BY = "etc/systemd/system/multi-user.target.wants"


def hosts_file(layout: LabLayout) -> bytes:
    """/etc/hosts of every host: all names of the lab, the endpoint's name at the virtual IP."""
    lines = ["127.0.0.1 localhost", *(f"{vip.ip} {layout.endpoint_name}" for vip in layout.vips)]
    lines += [f"{address} {host.fqdn} {host.name}" for host in layout.hosts for address, _ in host.addresses]
    return ("\n".join(lines) + "\n").encode()


def base_files(layout: LabLayout, host: LabHost, host_key: SshKey, login_key: SshKey) -> tuple[HostFile, ...]:
    """The files that make an image one particular host."""
    machine_id = hashlib.md5(f"{layout.name}/{host.name}".encode(), usedforsecurity=False).hexdigest()
    home = home_folder(host)
    sshd = f"Port {host.ssh_port}\nHostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\nMaxStartups 200\n"
    return (
        HostFile("/etc/hostname", f"{host.name}\n".encode()),
        HostFile("/etc/hosts", hosts_file(layout)),
        HostFile("/etc/resolv.conf", b"# The lab has no name server: names are in /etc/hosts.\n"),
        HostFile("/etc/machine-id", f"{machine_id}\n".encode(), 0o444),
        HostFile("/etc/ssh/ssh_host_ed25519_key", host_key.private, 0o600),
        HostFile("/etc/ssh/ssh_host_ed25519_key.pub", f"{host_key.public}\n".encode()),
        HostFile("/etc/ssh/sshd_config.d/lab.conf", sshd.encode()),
        HostFile(f"{home}/.ssh/authorized_keys", f"{login_key.public}\n".encode(), 0o600),
    )


def home_folder(host: LabHost) -> str:
    """Where the SSH user lives."""
    return "/root" if host.ssh_user == "root" else f"/home/{host.ssh_user}"


def user_files(host: LabHost, image: Path) -> tuple[HostFile, ...]:
    """The account of an SSH user that is not root, who may use sudo without a password."""
    user, number = host.ssh_user, FIRST_USER_ID
    if user == "root" or f"\n{user}:" in (image / "etc/passwd").read_text():
        return ()
    added = {
        "etc/passwd": (f"{user}:x:{number}:{number}::{home_folder(host)}:/bin/bash\n", 0o644),
        "etc/shadow": (f"{user}:*:19000:0:99999:7:::\n", 0o640),
        "etc/group": (f"{user}:x:{number}:\n", 0o644),
    }
    files = [HostFile(f"/{name}", (image / name).read_bytes() + line.encode(), mode) for name, (line, mode) in added.items()]
    return (*files, HostFile(f"/etc/sudoers.d/{user}", f"{user} ALL=(ALL) NOPASSWD: ALL\n".encode(), 0o440))


def write_files(upper: Path, image: Path, files: tuple[HostFile, ...]) -> None:
    """Put files into a host's overlay. A folder that the image has keeps the image's mode and owner."""
    for file in files:
        relative = Path(file.path.lstrip("/"))
        _make_folders(upper, image, relative.parent)
        target = upper / relative
        target.unlink(missing_ok=True)
        target.touch(mode=SECRET)
        target.write_bytes(file.content)
        target.chmod(file.mode)


def own_home(upper: Path, host: LabHost) -> None:
    """Give the SSH user its home folder: sshd refuses keys of a folder that belongs to another."""
    home = upper / home_folder(host).lstrip("/")
    number = 0 if host.ssh_user == "root" else FIRST_USER_ID
    for path in (home, home / ".ssh", home / ".ssh/authorized_keys"):
        os.chown(path, number, number)
    (home / ".ssh").chmod(0o700)


def enable_units(upper: Path, image: Path, units: tuple[str, ...]) -> None:
    """Start these units at boot. Raises LabError for a unit that neither the image nor the host's files have."""
    _make_folders(upper, image, Path(WANTED_BY))
    for unit in units:
        folder = next((name for name in UNIT_FOLDERS if (upper / name / unit).exists() or (image / name / unit).exists()), None)
        if folder is None:
            raise LabError(f"there is no unit {unit} to enable", hint="this is a defect in the lab's recipe")
        link = upper / WANTED_BY / unit
        link.unlink(missing_ok=True)
        link.symlink_to(f"/{folder}/{unit}")


def _make_folders(upper: Path, image: Path, folder: Path) -> None:
    made = upper
    for part in folder.parts:
        made = made / part
        if made.is_dir():
            continue
        made.mkdir()
        original = image / made.relative_to(upper)
        if original.is_dir():
            status = original.stat()
            made.chmod(status.st_mode & 0o7777)
            os.chown(made, status.st_uid, status.st_gid)
