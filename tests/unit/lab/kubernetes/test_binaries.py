"""Which source the programs come from, and how a folder of them is judged."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from twinkeel.debian import build_root
from twinkeel.debian import kubernetes as distribution
from twinkeel.debian.build_root import BuildRoot
from twinkeel.debian.kubernetes import BUILD_PACKAGES, DISTRIBUTION_VERSION, build_distribution
from twinkeel.debian.packages import PrivateApt
from twinkeel.debian.progress import Progress, within
from twinkeel.errors import ToolError, UsageError
from twinkeel.lab.kubernetes import binaries
from twinkeel.lab.kubernetes.binaries import resolve_binaries
from twinkeel.lab.kubernetes.programs import PROGRAMS, Binaries

from .conftest import write_program

NOBODY = "http://127.0.0.1:1"


def silent(step: str, fraction: float) -> None:
    pass


def pretend_build(work: Path, progress: Progress, names: Sequence[str]) -> Path:
    """What a build leaves: a folder of programs inside the work folder."""
    (work / "programs").mkdir()
    (work / "programs" / "kubelet").write_text("built")
    return work / "programs"


def test_auto_without_a_release_builds_from_the_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "build_distribution", pretend_build)
    steps: list[str] = []
    found = resolve_binaries("auto", "1.35.4", tmp_path, NOBODY, lambda step, _: steps.append(step))
    assert found == Binaries(tmp_path / "kubernetes-1.20.2-distribution", "1.20.2", "distribution")
    assert (found.dir / "kubelet").read_text() == "built"
    assert any(NOBODY in step and "Debian" in step for step in steps)


def test_auto_takes_a_cached_build_without_asking_anyone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"kubernetes-{DISTRIBUTION_VERSION}-distribution").mkdir()
    monkeypatch.setattr(binaries, "fetch_release", None)
    monkeypatch.setattr(binaries, "build_distribution", None)
    assert resolve_binaries("auto", "1.35.4", tmp_path, None, silent).origin == "distribution"


def test_auto_prefers_a_cached_release_of_the_wanted_version(tmp_path: Path) -> None:
    for name in ("kubernetes-1.35.4-release", "kubernetes-1.34.0-release", "kubernetes-1.20.2-distribution"):
        (tmp_path / name).mkdir()
    assert resolve_binaries("auto", "1.35.4", tmp_path, None, silent).dir.name == "kubernetes-1.35.4-release"


def test_release_never_becomes_another_version(tmp_path: Path) -> None:
    (tmp_path / "kubernetes-1.20.2-distribution").mkdir()
    with pytest.raises(ToolError, match=r"1\.35\.4 could not be fetched"):
        resolve_binaries("release", "1.35.4", tmp_path, NOBODY, silent)


def test_when_nothing_works_both_reasons_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_root.shutil, "which", lambda name, path: None)
    monkeypatch.setattr(distribution, "NEEDED_BYTES", 0)
    with pytest.raises(ToolError, match="could not be fetched, and Kubernetes cannot be built") as caught:
        resolve_binaries("auto", "1.35.4", tmp_path, NOBODY, silent)
    assert "apt-get install" in caught.value.hint


def test_another_version_than_the_spec_s_is_said_plainly() -> None:
    built = Binaries(Path("/x"), "1.20.2", "distribution")
    assert built.describe("1.20.2") == "Kubernetes 1.20.2 (fallback built from Debian's source, out of support)"
    assert Binaries(Path("/x"), "1.36.2", "folder").describe("1.36.2") == "Kubernetes 1.36.2 (from /x)"
    assert "the spec asks for 1.35.4, which is not what runs here" in built.describe("1.35.4")


def test_a_given_folder_is_used_as_it_is(programs_folder: Path, tmp_path: Path) -> None:
    found = resolve_binaries(str(programs_folder), "1.35.4", tmp_path, None, silent)
    assert found == Binaries(programs_folder, "1.29.3", "folder")


def test_a_given_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such folder"):
        resolve_binaries(str(tmp_path / "nowhere"), "1.35.4", tmp_path, None, silent)


def test_a_given_folder_must_hold_every_program(programs_folder: Path, tmp_path: Path) -> None:
    (programs_folder / "kubectl").unlink()
    (programs_folder / "kubelet").chmod(0o644)
    with pytest.raises(UsageError, match="no executable kubelet, kubectl"):
        resolve_binaries(str(programs_folder), "1.35.4", tmp_path, None, silent)


def test_a_given_folder_of_mixed_versions_is_refused(programs_folder: Path, tmp_path: Path) -> None:
    write_program(programs_folder / "kubelet", "1.28.0")
    with pytest.raises(UsageError, match="different versions") as caught:
        resolve_binaries(str(programs_folder), "1.35.4", tmp_path, None, silent)
    assert "kubelet 1.28.0" in caught.value.where


@pytest.mark.parametrize("content", [b"\x7fELF of another machine", b"#!/bin/sh\nexit 1\n"])
def test_a_program_that_does_not_run_here_is_refused(programs_folder: Path, tmp_path: Path, content: bytes) -> None:
    (programs_folder / "kube-scheduler").write_bytes(content)
    with pytest.raises(UsageError, match="kube-scheduler does not run on this machine"):
        resolve_binaries(str(programs_folder), "1.35.4", tmp_path, None, silent)


def test_a_program_that_tells_no_version_is_refused(programs_folder: Path, tmp_path: Path) -> None:
    (programs_folder / "kube-scheduler").write_text("#!/bin/sh\necho hello\n")
    with pytest.raises(UsageError, match="does not report its version"):
        resolve_binaries(str(programs_folder), "1.35.4", tmp_path, None, silent)


def test_missing_programs_come_with_the_line_that_installs_their_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_root.shutil, "which", lambda name, path: None if name in {"unshare", "apt-get"} else name)
    monkeypatch.setattr(distribution, "NEEDED_BYTES", 0)
    with pytest.raises(ToolError, match="missing: apt, util-linux") as caught:
        build_distribution(tmp_path, silent, PROGRAMS)
    assert caught.value.hint == "apt-get install --no-install-recommends apt util-linux"


def test_a_full_disk_is_said_before_the_build_fills_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(ToolError, match="GiB of disk"):
        build_distribution(tmp_path, silent, PROGRAMS)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Every command of a build whose root is there already, and whose source is Debian 12's."""
    ran: list[Sequence[str]] = []
    monkeypatch.setattr(distribution, "NEEDED_BYTES", 0)
    monkeypatch.setattr(BuildRoot, "make", lambda self, packages: self.path.mkdir(parents=True, exist_ok=True))
    monkeypatch.setattr(BuildRoot, "run", lambda self, argv, **_: ran.append(argv))
    monkeypatch.setattr(PrivateApt, "source", lambda self, package, folder: folder / "kubernetes_1.20.5+really1.20.2-1.1.dsc")
    return ran


def test_a_source_of_another_version_is_refused_before_it_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commands: list[Sequence[str]]
) -> None:
    monkeypatch.setattr(PrivateApt, "source", lambda self, package, folder: folder / "kubernetes_1.32.3+ds-2.dsc")
    with pytest.raises(ToolError, match=r"source package is Kubernetes 1\.32\.3"):
        build_distribution(tmp_path, silent, PROGRAMS)
    assert commands == []


def unpacked(tmp_path: Path, *, report: str) -> Path:
    """A source in which two packages are marked for the description, one of them published by itself, and a test is too."""
    source = tmp_path / "build-root/root/build/gopath/src/k8s.io/kubernetes"
    texts = {
        "pkg/apis/abac/v0/types.go": "// +k8s:openapi-gen=true\n",
        "pkg/apis/abac/v1/types.go": "package v1\n",
        "pkg/apis/other/doc_test.go": "// +k8s:openapi-gen=true\n",
        "staging/src/k8s.io/api/core/v1/doc.go": "// +k8s:openapi-gen=true\n",
        "staging/src/k8s.io/sample-apiserver/pkg/doc.go": "// +k8s:openapi-gen=true\n",
        "pkg/generated/openapi/openapi.part.go": "generated",
        "api/api-rules/violation_exceptions.list": "known\n",
    }
    for name, text in texts.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    (tmp_path / "build-root/root/build/openapi.report").write_text(report)
    return source


def test_the_missing_file_is_generated_from_all_marked_packages(tmp_path: Path, commands: list[Sequence[str]]) -> None:
    source = unpacked(tmp_path, report="known\n")
    assert build_distribution(tmp_path, silent, PROGRAMS) == tmp_path / "build-root/root/build/programs"
    generate = next(argv for argv in commands if argv[0].endswith("openapi-gen"))
    marked = generate[generate.index("-i") + 1].split(",")
    assert marked == ["k8s.io/kubernetes/pkg/apis/abac/v0", "k8s.io/kubernetes/vendor/k8s.io/api/core/v1"]
    assert (source / "pkg/generated/openapi/zz_generated.openapi.go").read_text() == "generated"


def test_what_an_interrupted_build_generated_is_not_generated_again(tmp_path: Path, commands: list[Sequence[str]]) -> None:
    unpacked(tmp_path, report="known\n")
    build_distribution(tmp_path, silent, PROGRAMS)
    first = len(commands)
    build_distribution(tmp_path, silent, PROGRAMS)
    assert [argv[:2] for argv in commands[first:]] == [["go", "build"]]


def test_a_description_of_other_packages_is_not_used(tmp_path: Path, commands: list[Sequence[str]]) -> None:
    source = unpacked(tmp_path, report="another\n")
    with pytest.raises(ToolError, match="not the source's own"):
        build_distribution(tmp_path, silent, PROGRAMS)
    assert not (source / "pkg/generated/openapi/zz_generated.openapi.go").exists()


def test_all_programs_are_compiled_at_once_without_clouds(tmp_path: Path, commands: list[Sequence[str]]) -> None:
    unpacked(tmp_path, report="known\n")
    (tmp_path / "own").mkdir()
    build_distribution(tmp_path, silent, (*PROGRAMS, "pause"), {"crictl": tmp_path / "own"})
    last = commands[-1]
    assert last[last.index("-tags") + 1] == "providerless,dockerless"
    assert {argument for argument in last if "/cmd/" in argument} == {
        f"k8s.io/kubernetes/cmd/{name}" for name in (*PROGRAMS, "crictl")
    }
    assert [argv[0] for argv in commands].count("gcc") == 1


def test_the_steps_of_a_build_stay_within_its_progress(tmp_path: Path) -> None:
    seen: list[float] = []
    part = within(lambda step, fraction: seen.append(fraction), 0.25, 0.75)
    for fraction in (0.0, 0.5, 1.0):
        part("x", fraction)
    assert seen == [0.25, 0.5, 0.75]


def test_the_version_is_linked_at_the_vendored_path() -> None:
    """1.20 reads it nowhere else when it is built in a GOPATH; its programs would call themselves v0.0.0."""
    flags = distribution._linker_flags().split()
    assert "k8s.io/kubernetes/vendor/k8s.io/component-base/version.gitVersion=v1.20.2" in flags
    assert "k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version.gitVersion=v1.20.2" in flags
    assert {"-s", "-w"} <= set(flags)


def test_the_control_plane_s_programs_are_among_those_that_are_fetched() -> None:
    assert set(PROGRAMS) == {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl"}
    assert "golang-github-modern-go-reflect2-dev" in BUILD_PACKAGES
