"""Kubernetes built from Debian's source package: for a machine that reaches Debian's servers and nothing else.

Debian 12 carries the whole source of Kubernetes 1.20.2, but packages kubectl alone. The build is the source's own, in a GOPATH,
with Debian's Go.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twinkeel.debian.commands import run
from twinkeel.debian.progress import Progress, within
from twinkeel.debian.source_package import fetch_source, missing_packages
from twinkeel.errors import ToolError

DISTRIBUTION_VERSION = "1.20.2"
# golang-github-modern-go-reflect2-dev: the source's own copy corrupts maps when it is built with Go 1.18 or later.
BUILD_PACKAGES = ("golang-go", "rsync", "dpkg-dev", "golang-github-modern-go-reflect2-dev")
NEEDED_BYTES = 4 << 30
# The program of every pod's first container: the only one that is written in C.
PAUSE = "pause"

_REFLECT2 = Path("github.com/modern-go/reflect2")
_DEBIAN_GO_SOURCES = Path("/usr/share/gocode/src")
_GO_DIR = "/usr/lib/go/bin"
# What go says it compiles, roughly: only the progress bar depends on it.
_EXPECTED_PACKAGES = 2000


@dataclass(frozen=True)
class _Build:
    """The places of one build, all below its work folder. `own` are programs of ours: name -> folder of Go files."""

    work: Path
    progress: Progress
    names: Sequence[str]
    own: Mapping[str, Path] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.work / "build.log"

    @property
    def source(self) -> Path:
        return self.work / "gopath" / "src" / "k8s.io" / "kubernetes"

    @property
    def programs(self) -> Path:
        return self.work / "programs"

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "PATH": f"{_GO_DIR}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.work),
            "LC_ALL": "C.UTF-8",
            "GOPATH": str(self.work / "gopath"),
            "GOCACHE": str(self.work / "gocache"),
            "GO111MODULE": "off",
            "CGO_ENABLED": "0",
        }


def build_distribution(work: Path, progress: Progress, names: Sequence[str], own: Mapping[str, Path] | None = None) -> Path:
    """The folder of programs inside `work`. What an interrupted build left there is used again.

    Args:
        names: Kubernetes' own programs, like kubelet.
        own: programs of ours that need the libraries which Kubernetes vendors: name -> folder of Go files.

    Raises:
        ToolError: a Debian package is missing, the disk is too full, the source is another version, or a step failed.
    """
    _refuse_missing_packages((*BUILD_PACKAGES, "gcc", "libc6-dev") if PAUSE in names else BUILD_PACKAGES)
    _refuse_full_disk(work)
    build = _Build(work, progress, names, own or {})
    build.programs.mkdir(exist_ok=True)
    _unpack_source(build)
    _replace_reflect2(build)
    _generate_code(build)
    if PAUSE in names:
        _compile_pause(build)
    _compile(build)
    return build.programs


def _refuse_missing_packages(wanted: tuple[str, ...]) -> None:
    missing = missing_packages(wanted)
    if missing:
        raise ToolError(
            f"Kubernetes cannot be built: Debian packages are missing: {', '.join(missing)}",
            where="this machine",
            hint=f"apt-get install --no-install-recommends {' '.join(missing)}",
        )


def _refuse_full_disk(work: Path) -> None:
    free = shutil.disk_usage(work).free
    if free < NEEDED_BYTES:
        raise ToolError(
            f"building Kubernetes needs {NEEDED_BYTES >> 30} GiB of disk, {free / (1 << 30):.1f} GiB are free",
            where=str(work),
            hint="make room, or set XDG_CACHE_HOME to a folder on a larger disk",
        )


def _unpack_source(build: _Build) -> None:
    if build.source.is_dir():
        return
    build.progress("fetch Debian's source of Kubernetes", 0.0)
    description = fetch_source("kubernetes", build.work, build.log)
    _refuse_other_version(description)
    build.progress("unpack the source", 0.02)
    unpacked = build.work / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    # --no-check: apt has verified the archive's signature on the checksums already.
    run(["dpkg-source", "--no-check", "--extract", str(description), str(unpacked)], log=build.log, cwd=build.work)
    build.source.parent.mkdir(parents=True, exist_ok=True)
    unpacked.rename(build.source)


def _refuse_other_version(description: Path) -> None:
    """The file's name is like kubernetes_1.20.5+really1.20.2-1.1+deb12u1.dsc: the version follows `really`."""
    version = re.sub(r"^.*really", "", description.stem.split("_", 1)[1]).split("-")[0]
    if version != DISTRIBUTION_VERSION:
        raise ToolError(
            f"this Debian's source package is Kubernetes {version}; what is built here is {DISTRIBUTION_VERSION} (Debian 12) only",
            where=description.name,
            hint="use --kubernetes release, or --kubernetes DIR",
        )


def _replace_reflect2(build: _Build) -> None:
    vendored = build.source / "vendor" / _REFLECT2
    shutil.rmtree(vendored, ignore_errors=True)
    shutil.copytree(_DEBIAN_GO_SOURCES / _REFLECT2, vendored)


def _generate_code(build: _Build) -> None:
    """The source's own generators. Their result is marked done, because go would not notice half of it."""
    done = build.work / "generated"
    if done.exists():
        return
    build.progress("generate code", 0.03)
    lines = 0

    def advance(line: str) -> None:
        nonlocal lines
        lines += 1
        build.progress("generate code", min(0.03 + 0.02 * lines, 0.25))

    run(["make", "generated_files"], log=build.log, cwd=build.source, env=build.environment, on_line=advance)
    done.touch()


def _compile(build: _Build) -> None:
    """All programs in one run, so that both cores are busy and every package is compiled once; go's own cache resumes."""
    progress = within(build.progress, 0.25, 1.0)
    packages = 0

    def advance(line: str) -> None:
        nonlocal packages
        packages += 1
        progress(f"compile {line.removeprefix('k8s.io/kubernetes/')}", min(packages / _EXPECTED_PACKAGES, 0.99))

    for name, folder in build.own.items():
        shutil.copytree(folder, build.source / "cmd" / name, dirs_exist_ok=True)
    targets = [f"k8s.io/kubernetes/cmd/{name}" for name in (*build.names, *build.own) if name != PAUSE]
    argv = ["go", "build", "-v", "-trimpath", "-ldflags", _linker_flags(), "-o", f"{build.programs}/", *targets]
    run(argv, log=build.log, cwd=build.source, env=build.environment, on_line=advance)
    progress("compiled", 1.0)


def _compile_pause(build: _Build) -> None:
    source, target = build.source / "build" / "pause" / "linux" / "pause.c", build.programs / PAUSE
    version = f"-DVERSION=v{DISTRIBUTION_VERSION}"
    run(["gcc", "-Os", "-Wall", "-static", version, "-o", str(target), str(source), "-s"], log=build.log, cwd=build.work)


def _linker_flags() -> str:
    """No symbols (they would only fill disk and memory), and the version where 1.20's programs look for it: the vendored path."""
    major, minor, _ = DISTRIBUTION_VERSION.split(".")
    values = {"gitVersion": f"v{DISTRIBUTION_VERSION}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("component-base/version", "client-go/pkg/version")
    flags = [
        f"-X k8s.io/kubernetes/vendor/k8s.io/{package}.{name}={value}" for package in packages for name, value in values.items()
    ]
    return " ".join(["-s", "-w", *flags])
