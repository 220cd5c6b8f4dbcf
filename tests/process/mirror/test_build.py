"""Gathering a mirror: from folders, archives, a server that stands for the internet and a registry that stands for others."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.errors import ToolError, UsageError
from twinkeel.kubespray.folders import MARK
from twinkeel.kubespray.release import Release
from twinkeel.mirror import build as mirror_build
from twinkeel.mirror.build import build
from twinkeel.mirror.build_options import BuildOptions
from twinkeel.mirror.manifest import Manifest, load
from twinkeel.mirror.needs import NeededFile, NeededImage, Needs
from twinkeel.mirror.variable_names import VariableNames
from twinkeel.mirror.verify import verify

from .conftest import IMAGES, Running, Web

KUBELET, HELM = b"kubelet" * 100_000, b"helm" * 1000
SKOPEO = pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
NOBODY = {"https://registry.k8s.io": "http://127.0.0.1:1"}


def needed(name: str, data: bytes) -> NeededFile:
    pin = f"sha256:{hashlib.sha256(data).hexdigest()}"
    names = VariableNames(f"{name}_download_url", f"{name}_checksum", "sha256:")
    return NeededFile(name, f"https://dl.k8s.io/v1/{name}", f"/tmp/releases/{name}-1", pin, names)


NEEDS = Needs((needed("kubelet", KUBELET), needed("helm", HELM)), (), (), "v1.35.4", "registry.k8s.io", "amd64")
Build = Callable[..., Manifest]


@pytest.fixture
def gather(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Build:
    """Build a mirror in `tmp_path`/mirror for needs that are given, without packages and without kubeadm's own images."""

    def gathered(needs: Needs = NEEDS, **options: object) -> Manifest:
        monkeypatch.setattr(mirror_build, "ask_needs", lambda *_: needs)
        monkeypatch.setattr(mirror_build, "kubeadm_images", lambda *_: ())
        monkeypatch.setattr(mirror_build, "_read_lists", lambda *_, **__: "no packages in this test")
        release = Release("v2.31.0", tmp_path / "release")
        release.folder.mkdir(exist_ok=True)
        (release.folder / MARK).write_text("{}")
        return build(release, None, tmp_path / "mirror", BuildOptions(**options), lambda *_: None)  # type: ignore[arg-type]

    return gathered


def served(web: Web) -> dict[str, str]:
    web.files |= {"/v1/kubelet": KUBELET, "/v1/helm": HELM}
    return {"https://dl.k8s.io": web.url}


def checked(tmp_path: Path) -> tuple[tuple[str, str], ...]:
    return verify(tmp_path / "mirror", load(tmp_path / "mirror"), lambda *_: None)


def test_files_come_from_what_stands_for_the_internet(gather: Build, web: Web, tmp_path: Path) -> None:
    manifest = gather(replace=served(web))
    assert manifest.missing == ()
    assert (tmp_path / "mirror/files/dl.k8s.io/v1/kubelet").read_bytes() == KUBELET
    assert [entry.source for entry in manifest.files] == [f"{web.url}/v1/helm", f"{web.url}/v1/kubelet"]
    assert not any(entry.substitute for entry in manifest.files)
    assert checked(tmp_path) == ()


def test_a_second_run_asks_for_nothing(gather: Build, web: Web) -> None:
    options = served(web)
    first = gather(replace=options)
    web.asked.clear()
    assert gather(replace=options) == first
    assert web.asked == []


def test_a_file_that_changed_is_fetched_again(gather: Build, web: Web, tmp_path: Path) -> None:
    options = served(web)
    gather(replace=options)
    (tmp_path / "mirror/files/dl.k8s.io/v1/helm").write_bytes(b"x" * len(HELM))
    web.asked.clear()
    gather(replace=options)
    assert web.asked == [("/v1/helm", "")]
    assert checked(tmp_path) == ()


def test_a_download_that_broke_off_goes_on_where_it_stopped(gather: Build, web: Web, tmp_path: Path) -> None:
    options = served(web)
    web.cut.add("/v1/kubelet")
    first = gather(replace=options)
    assert [line.split()[1] for line in first.missing] == ["kubelet"]
    web.asked.clear()
    assert gather(replace=options).missing == ()
    assert web.asked == [("/v1/kubelet", f"bytes={len(KUBELET) // 2}-")]
    assert checked(tmp_path) == ()


def test_a_beginning_of_another_file_is_thrown_away(gather: Build, web: Web, tmp_path: Path) -> None:
    options = served(web)
    part = tmp_path / "mirror/files/dl.k8s.io/v1/.kubelet.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"other" * 100)
    assert gather(replace=options).missing == ()
    assert checked(tmp_path) == ()


def test_what_has_another_checksum_is_missing_by_name_and_not_kept(gather: Build, web: Web, tmp_path: Path) -> None:
    options = served(web)
    web.files["/v1/kubelet"] = KUBELET[:-1] + b"!"
    manifest = gather(replace=options)
    assert len(manifest.missing) == 1
    assert "file kubelet (https://dl.k8s.io/v1/kubelet)" in manifest.missing[0]
    assert "another checksum" in manifest.missing[0]
    assert not list((tmp_path / "mirror").rglob("*kubelet*"))


def test_a_damaged_file_that_cannot_be_had_again_leaves_the_manifest(gather: Build, web: Web, tmp_path: Path) -> None:
    options = served(web)
    gather(replace=options)
    (tmp_path / "mirror/files/dl.k8s.io/v1/helm").write_bytes(b"x")
    del web.files["/v1/helm"]
    manifest = gather(replace=options)
    assert [entry.name for entry in manifest.files] == ["kubelet"]
    assert [line.split()[1] for line in manifest.missing] == ["helm"]


def test_what_no_server_has_is_missing_by_name_and_a_dead_server_is_asked_once(gather: Build, web: Web) -> None:
    manifest = gather(replace={"https://dl.k8s.io": web.url})
    assert [line.rsplit(" ", 1)[1] for line in manifest.missing] == ["404", "404"]
    manifest = gather(replace={"https://dl.k8s.io": "http://127.0.0.1:1"})
    assert all("127.0.0.1:1 cannot be reached" in line for line in manifest.missing)


@pytest.mark.parametrize("name", ["kubelet", "kubelet-1"])
def test_a_given_folder_comes_first_by_name_and_checksum(gather: Build, web: Web, tmp_path: Path, name: str) -> None:
    given = tmp_path / "given/deep"
    given.mkdir(parents=True)
    (given / name).write_bytes(KUBELET)
    (given / "helm").write_bytes(b"another helm")
    manifest = gather(folders=(tmp_path / "given",), replace=served(web))
    sources = {entry.name: entry.source for entry in manifest.files}
    assert sources == {"kubelet": str(given / name), "helm": f"{web.url}/v1/helm"}


def test_why_a_given_file_was_not_taken_is_told(gather: Build, tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given/helm").write_bytes(b"another helm")
    manifest = gather(folders=(tmp_path / "given",), replace={"https://dl.k8s.io": "http://127.0.0.1:1"})
    assert f"{tmp_path}/given/helm has another checksum" in "\n".join(manifest.missing)


def test_what_is_not_needed_any_more_goes(gather: Build, web: Web, tmp_path: Path) -> None:
    options = served(web)
    gather(replace=options)
    manifest = gather(replace(NEEDS, files=NEEDS.files[:1]), replace=options)
    assert [entry.name for entry in manifest.files] == ["kubelet"]
    assert not (tmp_path / "mirror/files/dl.k8s.io/v1/helm").exists()
    assert checked(tmp_path) == ()


def test_a_build_that_was_interrupted_says_so(gather: Build, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = served(web)
    monkeypatch.setattr(mirror_build, "_gather_images", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        gather(replace=options)
    assert ("missing", mirror_build.UNFINISHED) in checked(tmp_path)


def test_a_folder_for_another_release_is_refused(gather: Build, web: Web, tmp_path: Path) -> None:
    options = served(web)
    gather(replace=options)
    with pytest.raises(ToolError, match=r"v2\.31\.0"):
        build(Release("v2.30.0", tmp_path), None, tmp_path / "mirror", BuildOptions(), lambda *_: None)


def test_packages_that_cannot_be_had_are_missing_by_name(gather: Build, web: Web) -> None:
    manifest = gather(replace(NEEDS, packages=("conntrack",)), replace=served(web))
    assert manifest.missing == ("package conntrack: no packages in this test",)


@SKOPEO
def test_images_come_from_registries_with_their_digests(
    gather: Build, running: Running, mirror: tuple[Path, Manifest], tmp_path: Path
) -> None:
    stands_for = {f"https://{name.split('/')[0]}": f"http://{running.registry}" for name in IMAGES}
    wanted = tuple(NeededImage(name, *name.rsplit(":", 1)) for name in IMAGES)
    manifest = gather(replace(NEEDS, files=()), images=wanted, replace=stands_for)
    assert manifest.missing == ()
    assert {entry.name: entry.digest for entry in manifest.images} == {entry.name: entry.digest for entry in mirror[1].images}
    assert checked(tmp_path) == ()


@SKOPEO
def test_an_image_that_no_registry_has_is_missing_by_name(gather: Build, running: Running) -> None:
    other = NeededImage("x", "registry.k8s.io/other", "1")
    manifest = gather(replace(NEEDS, files=()), images=(other,), replace={"https://registry.k8s.io": f"http://{running.registry}"})
    assert len(manifest.missing) == 1
    assert manifest.missing[0].startswith("image registry.k8s.io/other:1: ")


@SKOPEO
@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_images_come_from_archives(gather: Build, mirror: tuple[Path, Manifest], tmp_path: Path, kind: str) -> None:
    (tmp_path / "given").mkdir()
    archive = f"{kind}:{tmp_path}/given/images.tar:{IMAGES[0]}"
    argv = ["skopeo", "--insecure-policy", "copy", f"oci:{mirror[0]}/images:{IMAGES[0]}", archive]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    (tmp_path / "given/other.tar").write_bytes(b"no archive at all")
    wanted = NeededImage("pause", *IMAGES[0].rsplit(":", 1))
    manifest = gather(replace(NEEDS, files=()), images=(wanted,), folders=(tmp_path / "given",), replace=NOBODY)
    assert manifest.missing == ()
    assert manifest.images[0].source == archive
    assert checked(tmp_path) == ()


def test_a_release_that_does_not_install_debians_kubernetes_is_refused(gather: Build, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"1\.20\.2, which Kubespray v2\.31\.0 does not install"):
        gather(distribution=True)
    assert not (tmp_path / "mirror").exists()


def test_variables_of_the_user_are_not_written_down(gather: Build, web: Web, tmp_path: Path) -> None:
    gather(replace=served(web), variables={"registry_password": "hunter2"})
    assert "hunter2" not in (tmp_path / "mirror/manifest.json").read_text()


def test_what_a_killed_run_left_of_an_image_goes(gather: Build, web: Web, tmp_path: Path) -> None:
    left = tmp_path / "mirror/images/.image-abc/image"
    left.mkdir(parents=True)
    (left / "manifest.json").write_text("half")
    gather(replace=served(web))
    assert not left.exists()
    assert checked(tmp_path) == ()
