"""A mirror's files and images out of programs that somebody has: shell scripts that say a version stand for them."""

import io
import subprocess
import tarfile
from dataclasses import replace
from gzip import decompress
from pathlib import Path

import pytest

from twinkeel.errors import UsageError
from twinkeel.kubespray.release import Release
from twinkeel.mirror.build_options import BuildOptions, refuse_other_kubernetes
from twinkeel.mirror.distribution import WITHOUT_IMAGES
from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.needs import NeededFile, NeededImage
from twinkeel.mirror.own_programs import settings_for
from twinkeel.mirror.program_maker import STAND_IN, ProgramMaker
from twinkeel.mirror.programs import given_programs, kubernetes_version, programs_in
from twinkeel.mirror.variable_names import VariableNames
from twinkeel.spec.kubespray_releases import table_support

GITHUB = "https://github.com/x/releases/download"
SAID = {
    **dict.fromkeys(("kubelet", "kube-apiserver", "kube-proxy"), "Kubernetes v1.36.2"),
    "kubeadm": "v1.36.2",
    "kubectl": "Client Version: v1.36.2",
    "etcd": "etcd Version: 3.5.30",
    "etcdctl": "etcdctl version: 3.5.30",
    "containerd": "containerd github.com/containerd/containerd/v2 2.1.9+ds1 2.1.9+ds1-5",
    "ctr": "ctr github.com/containerd/containerd/v2 2.1.9+ds1",
    "runc": "runc version 1.1.5+ds1",
    **dict.fromkeys(("containerd-shim-runc-v2", "crictl", "pause"), ""),
}


def program(folder: Path, name: str, said: str, code: int = 0) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{said}'\nexit {code}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def maker(tmp_path: Path) -> ProgramMaker:
    for name, said in SAID.items():
        program(tmp_path / "own", name, said)
    return ProgramMaker({"nerdctl": STAND_IN, **given_programs([tmp_path / "own"])})


def need(name: str, url: str) -> NeededFile:
    return NeededFile(name, url, "/tmp/x", "sha256:00", VariableNames("", "", ""))


def held(path: Path) -> list[str]:
    with tarfile.open(path) as archive:
        return archive.getnames()


def test_each_archive_has_the_shape_that_kubespray_unpacks(maker: ProgramMaker, tmp_path: Path) -> None:
    target = tmp_path / "made"
    words = maker.file(need("etcd", f"{GITHUB}/v3.5.30/etcd-v3.5.30-linux-amd64.tar.gz"), target)
    assert held(target) == [f"etcd-v3.5.30-linux-amd64{name}" for name in ("", "/etcd", "/etcdctl")]
    assert words == f"etcd 3.5.30 of {tmp_path}/own"
    words = maker.file(need("containerd", f"{GITHUB}/v2.3.4/containerd-2.3.4-linux-amd64.tar.gz"), target)
    assert held(target) == ["bin", "bin/containerd", "bin/containerd-shim-runc-v2", "bin/ctr"]
    assert words == f"containerd 2.1.9 of {tmp_path}/own in place of 2.3.4"
    for name in ("crictl", "nerdctl"):
        assert maker.file(need(name, f"{GITHUB}/v1.36.0/{name}.tar.gz"), target)
        assert held(target) == [name]
    assert "stand-in" in str(maker.file(need("nerdctl", f"{GITHUB}/v2.3.0/nerdctl.tar.gz"), target))
    assert maker.file(need("runc", f"{GITHUB}/v1.4.3/runc.amd64"), target) == f"runc 1.1.5 of {tmp_path}/own in place of 1.4.3"


def test_plugins_are_those_of_the_folder(maker: ProgramMaker, tmp_path: Path) -> None:
    for name in ("bridge", "loopback"):
        program(tmp_path / "cni", name, "")
    with_plugins = ProgramMaker(maker.programs, (tmp_path / "cni", "CNI plugins 1.9.1+ds1-1"))
    url = f"{GITHUB}/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz"
    assert with_plugins.file(need("cni", url), tmp_path / "made") == "CNI plugins 1.9.1+ds1-1"
    assert held(tmp_path / "made") == ["bridge", "loopback"]
    assert maker.file(need("cni", url), tmp_path / "made") is None


def test_kubernetes_of_another_version_is_never_given_for_it(maker: ProgramMaker, tmp_path: Path) -> None:
    assert maker.file(need("kubelet", "https://dl.k8s.io/release/v1.36.2/bin/linux/amd64/kubelet"), tmp_path / "made")
    assert maker.file(need("kubelet", "https://dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubelet"), tmp_path / "other") is None
    layout = ImageLayout(tmp_path / "images")
    layout.prepare()
    image = NeededImage("kube-apiserver", "registry.k8s.io/kube-apiserver", "v1.36.4")
    assert maker.image(image, layout, "amd64") is None
    assert maker.file(need("helm", "https://get.helm.sh/helm.tar.gz"), tmp_path / "other") is None


def test_images_hold_their_program(maker: ProgramMaker, tmp_path: Path) -> None:
    layout = ImageLayout(tmp_path / "images")
    layout.prepare()

    def names(made: tuple[str, str] | None) -> set[str]:
        assert made is not None
        layer = layout.path(layout.manifest(made[0])["layers"][0]["digest"]).read_bytes()
        with tarfile.open(fileobj=io.BytesIO(decompress(layer))) as archive:
            return set(archive.getnames())

    server = NeededImage("kube-apiserver", "registry.k8s.io/kube-apiserver", "v1.36.2")
    assert "usr/local/bin/kube-apiserver" in names(maker.image(server, layout, "amd64"))
    assert "pause" in names(maker.image(NeededImage("pause", "registry.k8s.io/pause", "3.10.2"), layout, "amd64"))
    # Without iptables beside it kube-proxy's image would be of no use.
    proxy = NeededImage("kube-proxy", "registry.k8s.io/kube-proxy", "v1.36.2")
    assert maker.image(proxy, layout, "amd64") is None
    (tmp_path / "root/usr/sbin").mkdir(parents=True)
    with_root = ProgramMaker(maker.programs, proxy_root=tmp_path / "root")
    assert {"usr/local/bin/kube-proxy", "usr/sbin/iptables-restore"} <= names(with_root.image(proxy, layout, "amd64"))


def test_a_program_that_does_not_run_here_is_not_taken(tmp_path: Path) -> None:
    program(tmp_path / "newest", "runc", "version `GLIBC_2.38' not found", 1)
    program(tmp_path / "newest", "etcd", "etcd Version: 3.5.30")
    assert [name for name, _ in programs_in(tmp_path / "newest", "of a package")] == ["etcd"]
    with pytest.raises(UsageError, match="runc does not report its version"):
        given_programs([tmp_path / "newest"])


def test_folders_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="without any program"):
        given_programs([tmp_path / "empty"])
    program(tmp_path / "one", "kubelet", "Kubernetes v1.36.2")
    program(tmp_path / "two", "kube-apiserver", "Kubernetes v1.36.4")
    with pytest.raises(UsageError, match=r"several versions: kube-apiserver 1\.36\.4 .*, kubelet 1\.36\.2|several versions"):
        given_programs([tmp_path / "one", tmp_path / "two"])
    assert kubernetes_version(given_programs([tmp_path / "one"])) == "1.36.2"


def test_the_stand_in_for_nerdctl_pulls_and_lists(tmp_path: Path) -> None:
    (tmp_path / "nerdctl").write_bytes(STAND_IN.path.read_bytes())
    (tmp_path / "nerdctl").chmod(0o755)
    program(tmp_path, "crictl", "$*")
    (tmp_path / "crictl").write_text('#!/bin/sh\necho "crictl $*"\n')
    (tmp_path / "ctr").write_text('#!/bin/sh\nprintf "%s\\n" 10.0.0.1:8481/pause:3.10.2 10.0.0.1:8481/pause@sha256:12 sha256:34\n')
    (tmp_path / "ctr").chmod(0o755)

    def run(*words: str) -> tuple[int, str]:
        ended = subprocess.run([tmp_path / "nerdctl", *words], capture_output=True, text=True, timeout=30, check=False)
        return ended.returncode, ended.stdout

    # As Kubespray's roles/kubespray_defaults/defaults/main/download.yml asks it.
    assert run("-n", "k8s.io", "pull", "--quiet", "10.0.0.1:8481/pause:3.10.2") == (0, "crictl pull 10.0.0.1:8481/pause:3.10.2\n")
    assert run("-n", "k8s.io", "images", "--format", "{{ .Repository }}:{{ .Tag }}") == (0, "10.0.0.1:8481/pause:3.10.2\n")
    assert run("completion", "bash") == (0, "")
    assert run("build", ".") == (1, "")


@pytest.mark.parametrize(("prefix", "distribution"), [("", True), ("v", True), ("", False)])
def test_kubespray_is_told_what_the_programs_are(
    maker: ProgramMaker, monkeypatch: pytest.MonkeyPatch, prefix: str, distribution: bool
) -> None:
    support = replace(table_support("v2.32.0"), version_prefix=prefix)
    monkeypatch.setattr("twinkeel.mirror.own_programs.support_of", lambda _: support)
    options = BuildOptions(programs=maker.programs, distribution=distribution)
    told = settings_for(Release("v2.32.0", Path("/nowhere")), options, maker)
    versions = {"kube_version": f"{prefix}1.36.2", "etcd_version": "3.5.30", "containerd_version": "2.1.9"}
    assert told == versions | (WITHOUT_IMAGES if distribution else {})


def test_a_release_that_does_not_install_the_programs_is_refused(maker: ProgramMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinkeel.mirror.build_options.support_of", lambda release: table_support(release.tag))
    options = BuildOptions(programs=maker.programs, distribution=True)
    refuse_other_kubernetes(Release("v2.32.0", Path("/nowhere")), options)
    with pytest.raises(UsageError, match=r"the programs are Kubernetes 1\.36\.2, which Kubespray v2\.31\.0 does not install"):
        refuse_other_kubernetes(Release("v2.31.0", Path("/nowhere")), options)
    # Without Kubernetes among them it would be Debian's.
    only_etcd = BuildOptions(programs={"etcd": maker.programs["etcd"]}, distribution=True)
    with pytest.raises(UsageError, match=r"Debian has Kubernetes 1\.20\.2"):
        refuse_other_kubernetes(Release("v2.32.0", Path("/nowhere")), only_etcd)
