"""Hosts of another Debian release: from which sources, under which name, and whether they can run here."""

import re
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from twinkeel.debian import sources
from twinkeel.debian.sources import stanzas_for
from twinkeel.debian.suites import SUITES, Suite, find_suite
from twinkeel.errors import LabError, ToolError, UsageError
from twinkeel.lab import cgroups, image, mmdebstrap, requirements, up
from twinkeel.lab.fit import fit
from twinkeel.lab.image_packages import versions
from twinkeel.lab.layout import from_json, to_json
from twinkeel.lab.model import LabHost, LabLayout
from twinkeel.lab.overview import understand

TRIXIE, SID = SUITES["trixie"], SUITES["sid"]
MACHINE = """\
Types: deb
URIs: https://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://mirror.example/security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
"""


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/debian.sources").write_text(MACHINE)
    return tmp_path


def suites_of(stanzas: tuple[str, ...]) -> list[str]:
    return [line for stanza in stanzas for line in stanza.splitlines() if line.startswith("Suites:")]


def test_another_suite_comes_from_the_same_servers_under_the_same_keys(apt: Path) -> None:
    main, security = stanzas_for(TRIXIE, "bookworm", apt)
    assert suites_of((main, security)) == ["Suites: trixie trixie-updates", "Suites: trixie-security"]
    assert "Uris: https://mirror.example/debian\n" in main
    assert "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg" in main
    assert security.endswith("\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc")


def test_unstable_has_neither_updates_nor_security(apt: Path) -> None:
    (only,) = stanzas_for(SID, "bookworm", apt)
    assert suites_of((only,)) == ["Suites: sid"]


def test_what_the_owner_chose_for_a_suite_comes_first(apt: Path) -> None:
    (apt / "sources.list").write_text("deb http://snapshot.example/debian trixie main\n")
    (only,) = stanzas_for(TRIXIE, "bookworm", apt)
    assert "Uris: http://snapshot.example/debian" in only


def test_the_machines_own_release_is_unchanged(apt: Path) -> None:
    assert suites_of(stanzas_for(SUITES["bookworm"], "bookworm", apt)) == [
        "Suites: bookworm bookworm-updates",
        "Suites: bookworm-security",
    ]


def test_no_source_is_no_stanza(tmp_path: Path) -> None:
    assert stanzas_for(TRIXIE, "bookworm", tmp_path) == ()


@pytest.mark.parametrize("name", ["unstable", "jammy", "", "../x"])
def test_an_unknown_suite_is_a_wrong_usage_that_names_the_known(name: str) -> None:
    with pytest.raises(UsageError, match="no suite called") as caught:
        find_suite(name, "bookworm")
    assert caught.value.hint == "give a code name: bookworm, trixie, sid, noble"


def test_the_machines_own_release_is_always_known() -> None:
    assert find_suite("forky", "forky") == Suite("forky", "Debian forky")
    with pytest.raises(UsageError, match="no suite") as caught:
        find_suite("bullseye", "forky")
    assert caught.value.hint.endswith("bookworm, trixie, sid, noble, forky")


UBUNTU_MACHINE = """\
Types: deb
URIs: http://mirror.example/ubuntu
Suites: noble noble-updates noble-backports
Components: main universe restricted multiverse
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg
"""


def test_ubuntus_hosts_need_what_its_community_packages(apt: Path) -> None:
    (apt / "sources.list.d/debian.sources").write_text(UBUNTU_MACHINE)
    (only,) = stanzas_for(SUITES["noble"], "noble", apt)
    assert "Components: main universe" in only.splitlines()
    assert suites_of((only,)) == ["Suites: noble noble-updates"]


def test_another_distributions_suite_comes_from_its_public_servers(tmp_path: Path) -> None:
    """A mirror of Ubuntu, asked for bookworm, would have nothing."""
    keyring = tmp_path / "usr/share/keyrings/debian-archive-keyring.gpg"
    keyring.parent.mkdir(parents=True)
    keyring.touch()
    main, security = sources.public_stanzas(SUITES["bookworm"], tmp_path)
    assert suites_of((main, security)) == ["Suites: bookworm bookworm-updates", "Suites: bookworm-security"]
    assert all("Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg" in text for text in (main, security))
    (unstable,) = sources.public_stanzas(SID, tmp_path)
    assert suites_of((unstable,)) == ["Suites: sid"]


def test_a_machine_of_ubuntu_does_not_ask_its_own_servers_for_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "machine_release", lambda: ("ubuntu", "noble"))
    monkeypatch.setattr(sources, "stanzas_for", lambda *_: ("its own",))
    monkeypatch.setattr(sources, "public_stanzas", lambda _: ("public",))
    assert sources.suite_sources(SUITES["bookworm"]) == ("public",)
    assert sources.suite_sources(SUITES["noble"]) == ("its own",)


def test_missing_keys_are_told_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"keys of Ubuntu 24\.04 \(noble\) are not on this machine") as caught:
        sources.public_stanzas(SUITES["noble"], tmp_path)
    assert caught.value.exit_code == 3
    assert caught.value.hint.startswith("apt-get install ubuntu-keyring ")


@pytest.mark.parametrize(
    ("machine", "asked", "chosen"),
    [
        (("debian", "trixie"), None, "trixie"),
        (("debian", "forky"), None, "forky"),
        (("ubuntu", "noble"), None, "bookworm"),
        (("ubuntu", "noble"), "noble", "noble"),
        (("ubuntu", "resolute"), None, "bookworm"),
        (("linuxmint", "wilma"), None, "bookworm"),
        (("debian", "trixie"), "noble", "noble"),
    ],
)
def test_hosts_are_of_this_machines_release_where_it_is_a_debian(
    monkeypatch: pytest.MonkeyPatch, machine: tuple[str, str], asked: str | None, chosen: str
) -> None:
    monkeypatch.setattr(up, "machine_release", lambda: machine)
    assert up.chosen_suite(asked).name == chosen


def test_another_distributions_release_is_no_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "machine_release", lambda: ("ubuntu", "resolute"))
    with pytest.raises(UsageError, match="no suite called 'resolute'"):
        up.chosen_suite("resolute")


def test_each_suite_has_an_image_of_its_own(tmp_path: Path) -> None:
    paths = {image.image_path(name, tmp_path, bare=bare) for name in SUITES for bare in (False, True)}
    assert len(paths) == 2 * len(SUITES)


def test_no_source_for_a_suite_is_told_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "machine_release", lambda: ("debian", "bookworm"))
    monkeypatch.setattr(sources, "stanzas_for", lambda *_: ())
    with pytest.raises(ToolError, match="no enabled source for trixie") as caught:
        image.ensure_image(lambda *_: None, TRIXIE, tmp_path)
    assert (caught.value.exit_code, caught.value.where) == (3, "/etc/apt")
    assert caught.value.hint.endswith("add one for bookworm or for trixie")


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (
            "W: GPG error: http://x sid InRelease: The following signatures couldn't be verified because the public key is not "
            "available: NO_PUBKEY 6ED0E7B82643E131",
            "apt-get install debian-archive-keyring",
        ),
        ("Err:1 http://x nosuch Release\n  404  Not Found [IP: 10.0.0.1 80]", "does not carry the suite"),
        ("E: The repository 'http://x nosuch Release' does not have a Release file.", "does not carry the suite"),
        ("E: Release file for http://x/InRelease is expired (invalid since 23d)", "Acquire::Check-Valid-Until"),
        ("E: Failed to fetch http://x Could not resolve 'x'", "see this machine's network"),
        ("E: something else", "see whether `apt-get update` works"),
    ],
)
def test_why_an_image_failed_comes_with_what_to_do(said: str, hint: str) -> None:
    lines = ["I: running apt-get update...", *said.splitlines(), "E: apt-get update failed"]
    error = mmdebstrap.failure(25, lines, "trixie")
    assert (error.exit_code, error.where) == (3, "suite trixie")
    assert hint in error.hint
    assert "E: apt-get update failed" in error.what


def image_with(folder: Path, **packages: str) -> Path:
    (folder / "var/lib/dpkg").mkdir(parents=True)
    stanzas = [
        f"Package: {name.replace('_', '-')}\nStatus: install ok installed\nVersion: {version}\nDescription: x\n  y: z\n"
        for name, version in packages.items()
    ]
    gone = "Package: containerd\nStatus: deinstall ok config-files\nVersion: 9.9-1\n"
    (folder / "var/lib/dpkg/status").write_text("\n".join([*stanzas, gone]))
    return folder


def on_cgroups(monkeypatch: pytest.MonkeyPatch, *kinds: str) -> None:
    mounts = [(Path(f"/sys/fs/cgroup/{number}"), kind, {"rw"}) for number, kind in enumerate(kinds)]
    monkeypatch.setattr(cgroups, "_mounts", lambda: mounts)


BOOKWORM = {"systemd": "252.39-1~deb12u2", "containerd": "1.6.20~ds1-1+deb12u2", "etcd_server": "3.4.23-4+b4"}
UNSTABLE = {"systemd": "262.1-1", "containerd": "2.1.9+ds1-5", "etcd_server": "3.5.30-2"}


def test_the_versions_of_an_image_are_read_from_its_packages(tmp_path: Path) -> None:
    made = image_with(tmp_path, keepalived="1:2.3.4-1+b2", **UNSTABLE)
    assert versions(made, "keepalived", "containerd", "haproxy") == {"keepalived": (2, 3, 4), "containerd": (2, 1, 9)}
    assert versions(tmp_path / "none", "systemd") == {}


def test_a_current_systemd_gets_version_2_of_control_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = image_with(tmp_path, **UNSTABLE)
    on_cgroups(monkeypatch, "cgroup", "cgroup", "cgroup2")
    assert fit(made, "sid", None).environment == (("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1"),)
    on_cgroups(monkeypatch, "cgroup2")
    found = fit(made, "sid", 36)
    assert (found.environment, found.nodes, found.notes) == ((), True, ())


def test_a_machine_without_version_2_cannot_boot_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_cgroups(monkeypatch, "cgroup")
    with pytest.raises(LabError, match=r"systemd 262\.1 needs version 2 of control groups") as caught:
        fit(image_with(tmp_path, **UNSTABLE), "sid", None)
    assert (caught.value.exit_code, caught.value.where) == (3, "suite sid")
    assert "--suite bookworm or trixie" in caught.value.hint


@pytest.mark.parametrize(
    ("packages", "minor", "mounted", "nodes", "said"),
    [
        (BOOKWORM, 20, ("cgroup", "cgroup2"), True, []),
        (BOOKWORM, 36, ("cgroup", "cgroup2"), True, [r"etcd 3\.4\.23 is older than 3\.4\.31"]),
        (BOOKWORM | {"etcd_server": "3.5.12-1"}, 31, ("cgroup2",), True, [r"etcd 3\.5\.12 is older than 3\.5\.13"]),
        (BOOKWORM | {"etcd_server": "3.5.16-4"}, 36, ("cgroup2",), True, []),
        (UNSTABLE, 20, ("cgroup2",), False, [r"containerd 2\.1\.9 serves kubelets from 1\.23 on"]),
        (UNSTABLE, 23, ("cgroup2",), True, []),
        (UNSTABLE, 36, ("cgroup", "cgroup2"), False, ["belong to version 1 of control groups"]),
    ],
)
def test_what_cannot_work_is_said_before_anybody_waits_for_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    packages: dict[str, str],
    minor: int,
    mounted: tuple[str, ...],
    nodes: bool,
    said: list[str],
) -> None:
    on_cgroups(monkeypatch, *mounted)
    found = fit(image_with(tmp_path, **packages), "x", minor)
    assert found.nodes is nodes
    assert len(found.notes) == len(said)
    assert all(re.search(pattern, note) for pattern, note in zip(said, found.notes, strict=True))


def test_this_machines_mmdebstrap_is_new_enough() -> None:
    assert mmdebstrap.too_old("mmdebstrap 1.3.5\n") is None
    assert mmdebstrap.too_old("gibberish") is None


def test_an_old_mmdebstrap_is_told_with_both_versions() -> None:
    said = mmdebstrap.too_old("mmdebstrap 0.7.5\n")
    assert said is not None
    assert "0.7.5" in said


def test_units_that_the_packages_start_are_off_in_an_image(tmp_path: Path) -> None:
    """Their links point to files that this machine may not have."""
    wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    for folder in ("etc/ssh", "var/log", "etc/sysctl.d", "usr/lib/sysctl.d"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("etcd.service", "apt-daily.timer", "ssh.service"):
        (wants / name).symlink_to(f"/nowhere/{name}")
    (tmp_path / "usr/lib/sysctl.d/10-coredump-debian.conf").write_text("kernel.core_pattern=core\n")
    image._settle(tmp_path)
    assert [path.name for path in wants.iterdir()] == ["ssh.service"]
    assert (tmp_path / "etc/systemd/system/apt-daily.timer").readlink() == Path("/dev/null")
    assert (tmp_path / "etc/sysctl.d/10-coredump-debian.conf").read_text() == "", "a host must not set the machine's own kernel"


def test_requirements_ask_for_a_new_enough_mmdebstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(mmdebstrap, "reported_version", lambda: "mmdebstrap 0.7.5\n")
    monkeypatch.setattr(requirements, "_kernel_problems", list)
    with pytest.raises(ToolError, match=r"mmdebstrap 0\.7\.5 is too old") as caught:
        requirements.require()
    assert (caught.value.exit_code, caught.value.hint) == (3, "apt-get install mmdebstrap, of Debian 12 or newer")


def test_a_lab_remembers_its_suite_and_an_older_ones_state_is_read(tmp_path: Path) -> None:
    host = LabHost("lb-1", "lb-1.example.test", "load_balancer", IPv4Address("10.0.0.1"), 24, "eth0")
    layout = LabLayout("lab", "abcdef", "example.test", "lb.example.test", 6443, (IPv4Interface("10.0.0.9/24"),), (host,), "sid")
    text = to_json(layout)
    assert from_json(text) == layout
    assert from_json(text.replace(',\n  "suite": "sid"', "")).suite == ""


@pytest.mark.parametrize(
    ("said", "state", "daemons"),
    [
        (
            "running\nHAProxy version 3.2.26-1 2026/10/14 - https://haproxy.org/\nStatus: x\nKeepalived v2.3.4 (06/10,2025)\n\n"
            "etcd Version: 3.5.30\nGit SHA: x\ncontainerd github.com/containerd/containerd/v2 2.1.9~ds1 2.1.9+ds1-5\n",
            "running",
            {"haproxy": "3.2.26", "keepalived": "2.3.4", "etcd": "3.5.30", "containerd": "2.1.9"},
        ),
        ("degraded\nsh: 3: haproxy: not found\nKeepalived v2.2.7 (01/16,2022)\n", "degraded", {"keepalived": "2.2.7"}),
        ("", "booting", {}),
    ],
)
def test_a_hosts_versions_are_what_its_programs_say(said: str, state: str, daemons: dict[str, str]) -> None:
    assert understand(said) == (state, daemons)
