"""What is made from Debian's packages: archives and images of the shape that Kubespray expects, and a repository that apt reads."""

import io
import shutil
import subprocess
import tarfile
from dataclasses import replace
from gzip import decompress
from pathlib import Path

import pytest

from twinkeel.debian.flat_repository import write_index
from twinkeel.debian.packages import PrivateApt, unpack
from twinkeel.mirror import distribution
from twinkeel.mirror.checksums import sha256_of
from twinkeel.mirror.debian_files import DebianParts, debian_file
from twinkeel.mirror.debian_images import DebianMaker, debian_image
from twinkeel.mirror.distribution import VARIABLES, _closure
from twinkeel.mirror.gather_files import FileGatherer
from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.internet import Internet
from twinkeel.mirror.local_files import LocalFiles
from twinkeel.mirror.manifest import Manifest, PackageEntry
from twinkeel.mirror.needs import NeededFile, NeededImage
from twinkeel.mirror.serve import serve
from twinkeel.mirror.variable_names import VariableNames
from twinkeel.mirror.variables import mirror_variables

from .debs import make_deb

pytestmark = pytest.mark.skipif(not shutil.which("apt-get"), reason="this machine has no apt")
ETCD = "https://github.com/coreos/etcd/releases/download/v3.4.13/etcd-v3.4.13-linux-amd64.tar.gz"
CNI = "https://github.com/containernetworking/plugins/releases/download/v0.9.1/cni-plugins-linux-amd64-v0.9.1.tgz"
KUBELET = "https://storage.googleapis.com/kubernetes-release/release/v1.20.2/bin/linux/amd64/kubelet"
PACKAGES = {
    "etcd-server": {"usr/bin/etcd": "etcd"},
    "etcd-client": {"usr/bin/etcdctl": "etcdctl"},
    "containernetworking-plugins": {"usr/lib/cni/bridge": "bridge", "usr/lib/cni/loopback": "loopback"},
    "busybox-static": {"bin/busybox": "busybox"},
}


@pytest.fixture
def parts(tmp_path: Path) -> DebianParts:
    packages = {name: make_deb(tmp_path, name, "1:3.4.23-4", files) for name, files in PACKAGES.items()}
    for name, path in packages.items():
        unpack(path, tmp_path / "roots" / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("kubelet", "crictl", "pause", "kube-apiserver", "kube-proxy"):
        (programs / name).write_text(name)
    return DebianParts(programs, "v1.20.2", {name: tmp_path / "roots" / name for name in packages}, packages)


def file(name: str, url: str) -> NeededFile:
    return NeededFile(name, url, "/tmp/x", "sha256:00", VariableNames("", "", ""))


def test_etcds_archive_has_the_folder_that_the_release_copies_from(parts: DebianParts, tmp_path: Path) -> None:
    words = debian_file(file("etcd", ETCD), parts, tmp_path / "etcd.tar.gz")
    with tarfile.open(tmp_path / "etcd.tar.gz") as archive:
        assert archive.getnames() == [
            "etcd-v3.4.13-linux-amd64",
            "etcd-v3.4.13-linux-amd64/etcd",
            "etcd-v3.4.13-linux-amd64/etcdctl",
        ]
        assert {member.mode for member in archive.getmembers()} == {0o755}
    assert words == "etcd 1:3.4.23-4 of Debian in place of v3.4.13"


def test_plugins_and_crictl_lie_at_the_top_of_their_archives(parts: DebianParts, tmp_path: Path) -> None:
    assert "in place of v0.9.1" in str(debian_file(file("cni", CNI), parts, tmp_path / "cni.tgz"))
    assert debian_file(file("crictl", "https://x/crictl-v1.20.0.tar.gz"), parts, tmp_path / "crictl.tgz")
    with tarfile.open(tmp_path / "cni.tgz") as archive:
        assert archive.getnames() == ["bridge", "loopback"]
    with tarfile.open(tmp_path / "crictl.tgz") as archive:
        assert archive.getnames() == ["crictl"]


def test_the_same_programs_give_the_same_archive(parts: DebianParts, tmp_path: Path) -> None:
    for name in ("one.tgz", "two.tgz"):
        debian_file(file("cni", CNI), parts, tmp_path / name)
    assert (tmp_path / "one.tgz").read_bytes() == (tmp_path / "two.tgz").read_bytes()


def test_programs_of_another_version_are_not_given_for_it(parts: DebianParts, tmp_path: Path) -> None:
    assert debian_file(file("kubelet", KUBELET), parts, tmp_path / "kubelet")
    assert (tmp_path / "kubelet").read_text() == "kubelet"
    assert debian_file(file("kubelet", KUBELET.replace("1.20.2", "1.20.7")), parts, tmp_path / "other") is None
    assert debian_file(file("helm", "https://get.helm.sh/helm.tar.gz"), parts, tmp_path / "other") is None
    assert not (tmp_path / "other").exists()


def test_what_is_made_from_debian_is_made_anew_when_debian_changed(parts: DebianParts, tmp_path: Path) -> None:
    gatherer = FileGatherer(
        tmp_path / "mirror", LocalFiles(()), (DebianMaker(parts, tmp_path),), Internet({"https://x": "http://127.0.0.1:1"})
    )
    need, missing = file("crictl", "https://x/crictl.tar.gz"), list[str]()
    empty = Manifest("v2.16.0", "v1.20.2", "amd64")
    first = gatherer.gather(need, empty, lambda *_: None, missing)
    assert gatherer.gather(need, first, lambda *_: None, missing) == first
    (parts.programs / "crictl").write_text("newer")
    second = gatherer.gather(need, first, lambda *_: None, missing)
    assert second.files[0].sha256 != first.files[0].sha256
    # Without Debian a substitute does not count as the release's own.
    gatherer.makers = ()
    assert gatherer.gather(need, second, lambda *_: None, missing).files == ()
    assert len(missing) == 1
    gatherer.internet.close()


def test_images_hold_their_program_and_what_it_calls(parts: DebianParts, tmp_path: Path) -> None:
    layout = ImageLayout(tmp_path / "images")
    layout.prepare()
    proxy_root = tmp_path / "proxy"
    (proxy_root / "usr/sbin").mkdir(parents=True)
    (proxy_root / "usr/sbin/xtables-nft-multi").write_text("nft")

    def names(image: str, tag: str) -> set[str]:
        made = debian_image(NeededImage(image, f"k8s.gcr.io/{image}", tag), parts, proxy_root, layout, "amd64")
        assert made is not None
        layer = layout.path(layout.manifest(made[0])["layers"][0]["digest"]).read_bytes()
        with tarfile.open(fileobj=io.BytesIO(decompress(layer))) as archive:
            return set(archive.getnames())

    assert "usr/local/bin/kube-apiserver" in names("kube-apiserver", "v1.20.2")
    assert {"usr/local/bin/kube-proxy", "usr/sbin/xtables-nft-multi", "usr/sbin/iptables-restore"} <= names("kube-proxy", "v1.20.2")
    assert "pause" in names("pause", "3.3")
    assert {"bin/busybox", "bin/sh"} <= names("busybox", "1.35")


@pytest.mark.parametrize(("name", "tag"), [("kube-apiserver", "v1.20.7"), ("coredns", "1.7.0"), ("node", "v3.17")])
def test_images_that_debian_does_not_give_are_none(parts: DebianParts, tmp_path: Path, name: str, tag: str) -> None:
    assert debian_image(NeededImage(name, f"k8s.gcr.io/{name}", tag), parts, tmp_path, ImageLayout(tmp_path), "amd64") is None


def test_a_package_brings_all_that_it_depends_on(tmp_path: Path) -> None:
    depends = {"iptables": "libxtables12 (>= 1.8), netbase | other", "libxtables12": "libc6", "libc6": "libc6", "curl": ""}
    packages = {name: make_deb(tmp_path, name, "1", {}, text) for name, text in depends.items()}
    assert set(_closure(("iptables",), packages)) == {"iptables", "libxtables12", "libc6"}


def test_apt_reads_the_repository_that_is_served(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    (mirror / "apt").mkdir(parents=True)
    depends = {"a-tool": "a-library", "a-library": ""}
    made = [make_deb(mirror / "apt", name, "2.0", {f"usr/share/{name}": "x"}, need) for name, need in depends.items()]
    for name in ("a-tool", "a-library"):
        shutil.rmtree(mirror / "apt" / f"{name}-root")
    write_index(mirror / "apt")
    entries = tuple(PackageEntry(f"apt/{path.name}", path.stat().st_size, sha256_of(path), "debian") for path in made)
    missed: list[str] = []
    manifest = Manifest("v2.16.0", "v1.20.2", "amd64", packages=entries)
    served = serve(mirror, manifest, "127.0.0.1", 0, missed.append)
    try:
        apt = PrivateApt(tmp_path / "apt")
        for name in ("sources.list.d", "lists/partial", "cache"):
            (apt.folder / name).mkdir(parents=True)
        (apt.folder / "status").touch()
        line = mirror_variables(manifest, "127.0.0.1", served.files.server_address[1])["twinkeel_mirror_apt_line"]
        (apt.folder / "sources.list.d/mirror.list").write_text(f"{line}\n")
        argv = ["apt-get", *apt.options(tmp_path / "got"), "-o", "APT::Update::Error-Mode=any", "update"]
        subprocess.run(argv, check=True, capture_output=True, timeout=120)
        apt.download(["a-tool"], tmp_path / "got")
        assert apt.unknown(["a-tool", "none-such"]) == ["none-such"]
    finally:
        served.stop()
    assert sorted(path.name for path in (tmp_path / "got").glob("*.deb")) == ["a-library_2.0_all.deb", "a-tool_2.0_all.deb"]
    assert missed == []


def test_the_index_holds_each_packages_checksum(tmp_path: Path) -> None:
    apt = tmp_path / "apt"
    apt.mkdir()
    path = make_deb(apt, "a-tool", "2.0", {})
    write_index(apt)
    stanza = (apt / "Packages").read_text()
    assert f"SHA256: {sha256_of(path)}\n" in stanza
    assert f"Size: {path.stat().st_size}\n" in stanza
    assert sha256_of(apt / "Packages") in (apt / "Release").read_text()


def test_the_distributions_variables_stand_in_the_mirrors(tmp_path: Path) -> None:
    manifest = replace(Manifest("v2.16.0", "v1.20.2", "amd64"), variables=dict(VARIABLES))
    assert mirror_variables(manifest, "10.0.0.1", 8480)["kube_version"] == "v1.20.2"


def test_another_source_of_ours_means_another_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = distribution.programs_folder()
    assert first == distribution.programs_folder()
    (tmp_path / "main.go").write_text("package main\n")
    monkeypatch.setattr(distribution, "OWN", {"crictl": tmp_path})
    assert distribution.programs_folder() != first
