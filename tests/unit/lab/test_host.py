"""A host's files and the scripts that boot it."""

import os
import subprocess
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import asyncssh
import pytest

from twinkeel.errors import LabError
from twinkeel.lab import ssh_keys
from twinkeel.lab.host import start_script, supervise_script
from twinkeel.lab.host_files import base_files, enable_units, user_files, write_files
from twinkeel.lab.model import Bind, HostExtras, HostFile, LabHost, LabLayout, LabPaths

LB = LabHost("lb-1", "lb-1.example.test", "load_balancer", IPv4Address("10.0.0.1"), 24, "eth0")
LAYOUT = LabLayout("lab", "abcdef", "example.test", "lb.example.test", 6443, (IPv4Interface("10.0.0.9/24"),), (LB,))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    folder = tmp_path / "image"
    (folder / "etc/ssh").mkdir(parents=True)
    (folder / "etc/ssh").chmod(0o711)
    (folder / "root").mkdir(mode=0o700)
    for name in ("passwd", "shadow", "group"):
        (folder / "etc" / name).write_text("root:x:0:0::/root:/bin/bash\n")
    (folder / "lib/systemd/system").mkdir(parents=True)
    (folder / "lib/systemd/system/containerd.service").touch()
    return folder


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    folder = tmp_path / "upper"
    folder.mkdir()
    return folder


def run_supervise(tmp_path: Path, codes: list[int], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the supervisor did when the host ended with these codes, one after the other."""
    paths = LabPaths(tmp_path)
    folder = paths.host("lb-1")
    folder.mkdir(parents=True)
    log = tmp_path / "log"
    (folder / "start").write_text(
        f"#!/bin/sh\necho boot >> {log}\ncount=$(grep -c boot {log})\nset -- {' '.join(map(str, codes))}\n"
        'shift $((count - 1))\nexit "$1"\n'
    )
    (folder / "start").chmod(0o755)
    (tmp_path / "ip").write_text(f'#!/bin/sh\necho "ip $*" >> {log}\n')
    (tmp_path / "ip").chmod(0o755)
    script = supervise_script(paths, LAYOUT, LB)
    subprocess.run(["/bin/sh", "-c", script], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True, timeout=60)
    return log.read_text().splitlines()


def test_a_host_that_asks_for_a_reboot_boots_again_and_is_silent_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = "ip -netns tk-abcdef link set lb-1 down"
    assert run_supervise(tmp_path, [133, 133, 0], monkeypatch) == ["boot", silent, "boot", silent, "boot", silent]


def test_a_host_that_ends_stays_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_supervise(tmp_path, [1, 0], monkeypatch)[0::2] == ["boot"]


def test_the_start_script_is_a_script_and_carries_the_hosts_own_options(tmp_path: Path) -> None:
    odd = Path("/srv/it's here:really")
    extras = HostExtras(
        bind=(Bind(odd, "/var/lib/etcd"),), nspawn_args=("--system-call-filter=@keyring bpf",), environment=(("WHY", "a b"),)
    )
    script = start_script(LabPaths(tmp_path), LAYOUT, LB, Path("/cache/image,1"), extras)
    assert subprocess.run(["/bin/sh", "-n"], input=script, text=True, check=False).returncode == 0
    assert "export WHY='a b'" in script
    assert "'--system-call-filter=@keyring bpf'" in script
    assert r"really:/var/lib/etcd" in script
    assert r"here\:really" in script
    assert r"lowerdir=/cache/image\,1" in script


def test_a_later_environment_overrides_the_common_one(tmp_path: Path) -> None:
    extras = HostExtras(environment=(("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "yes"),))
    script = start_script(LabPaths(tmp_path), LAYOUT, LB, Path("/image"), extras)
    assert "export SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes" in script
    assert "WRITABLE=network" not in script


def test_files_get_their_mode_and_folders_the_images(upper: Path, image: Path) -> None:
    write_files(upper, image, (HostFile("/etc/ssh/key", b"secret", 0o600), HostFile("/opt/new/file", b"x")))
    assert (upper / "etc/ssh/key").read_bytes() == b"secret"
    assert (upper / "etc/ssh/key").stat().st_mode & 0o777 == 0o600
    assert (upper / "etc/ssh").stat().st_mode & 0o777 == 0o711
    assert (upper / "opt/new/file").stat().st_mode & 0o777 == 0o644


def test_a_file_given_twice_is_the_last_one(upper: Path, image: Path) -> None:
    write_files(upper, image, (HostFile("/etc/x", b"first", 0o600), HostFile("/etc/x", b"2")))
    assert (upper / "etc/x").read_bytes() == b"2"


def test_units_of_the_image_and_of_the_files_are_enabled(upper: Path, image: Path) -> None:
    write_files(upper, image, (HostFile("/etc/systemd/system/etcd.service", b"[Service]"),))
    enable_units(upper, image, ("etcd.service", "containerd.service"))
    wants = upper / "etc/systemd/system/multi-user.target.wants"
    assert {path.name: os.readlink(path) for path in wants.iterdir()} == {
        "etcd.service": "/etc/systemd/system/etcd.service",
        "containerd.service": "/lib/systemd/system/containerd.service",
    }


def test_a_unit_that_does_not_exist_is_named(upper: Path, image: Path) -> None:
    with pytest.raises(LabError, match=r"there is no unit kubelet.service"):
        enable_units(upper, image, ("kubelet.service",))


def test_a_user_that_is_not_root_gets_an_account_and_sudo(image: Path) -> None:
    host = LabHost("lb-1", "lb-1.example.test", "load_balancer", IPv4Address("10.0.0.1"), 24, "eth0", ssh_user="admin")
    files = {file.path: file for file in user_files(host, image)}
    assert files["/etc/passwd"].content.splitlines()[-1] == b"admin:x:1000:1000::/home/admin:/bin/bash"
    assert files["/etc/passwd"].content.startswith(b"root:")
    assert files["/etc/sudoers.d/admin"].mode == 0o440
    assert user_files(LB, image) == ()


def test_known_hosts_lets_ssh_trust_the_host_by_every_name(tmp_path: Path) -> None:
    key = ssh_keys.generate("lb-1")
    known = asyncssh.import_known_hosts(ssh_keys.known_hosts_line(LB, key))
    for name in ("lb-1", "lb-1.example.test", "10.0.0.1"):
        trusted = known.match(name, "10.0.0.1" if name[0] == "1" else "", 22)[0]
        assert {one.export_public_key().split()[1].decode() for one in trusted} == {key.public.split()[1]}, name


def test_known_hosts_of_another_port() -> None:
    host = LabHost("lb-1", "lb-1.example.test", "load_balancer", IPv4Address("10.0.0.1"), 24, "eth0", ssh_port=2222)
    assert ssh_keys.known_hosts_line(host, ssh_keys.generate("x")).startswith(
        "[lb-1]:2222,[lb-1.example.test]:2222,[10.0.0.1]:2222 "
    )


def test_a_key_never_shows_its_secret() -> None:
    key = ssh_keys.generate("x")
    assert "PRIVATE" not in repr(key)
    assert asyncssh.import_private_key(key.private).export_public_key().decode().split()[1] == key.public.split()[1]


def test_every_host_knows_all_names() -> None:
    files = {file.path: file for file in base_files(LAYOUT, LB, ssh_keys.generate("a"), ssh_keys.generate("b"))}
    lines = files["/etc/hosts"].content.decode().splitlines()
    assert "10.0.0.9 lb.example.test" in lines
    assert "10.0.0.1 lb-1.example.test lb-1" in lines
    assert files["/etc/ssh/ssh_host_ed25519_key"].mode == 0o600
