"""Kubernetes built from Debian's source package: for a machine that reaches Debian's servers and nothing else.

Debian 12 carries the whole source of Kubernetes 1.20.2, but packages kubectl alone. It is built in a GOPATH, with Debian 12's Go,
in a root of Debian 12 whatever this machine is (`build_root`).
"""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twinkeel.debian.build_root import BuildRoot
from twinkeel.debian.progress import Progress, within
from twinkeel.debian.source_package import unpack_source
from twinkeel.errors import ToolError

DISTRIBUTION_VERSION = "1.20.2"
# golang-github-modern-go-reflect2-dev: the source's own copy corrupts maps when it is built with Go 1.18 or later.
BUILD_PACKAGES = ("golang-1.19-go", "golang-github-modern-go-reflect2-dev", "patch", "coreutils")
C_PACKAGES = ("gcc", "libc6-dev")
NEEDED_BYTES = 4 << 30
# The program of every pod's first container: the only one that is written in C.
PAUSE = "pause"
# The source's own switches: no clouds (a third of all that would be compiled) and no Docker; hosts have neither.
TAGS = ("providerless", "dockerless")

_REFLECT2 = Path("github.com/modern-go/reflect2")
_GO_ROOT = "/usr/lib/go-1.19"
_INSIDE = "/build"
_PROJECT = "k8s.io/kubernetes"
_OPENAPI_GENERATOR = f"{_PROJECT}/vendor/k8s.io/kube-openapi/cmd/openapi-gen"
_OPENAPI = "pkg/generated/openapi"
_OPENAPI_MARK = b"+k8s:openapi-gen="
# Examples, which have descriptions of their own.
_NOT_DESCRIBED = ("code-generator", "sample-apiserver")
# What go says it compiles, roughly: only the progress bar depends on it.
_EXPECTED_PACKAGES = 1850


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
    def root(self) -> BuildRoot:
        return BuildRoot(self.work / "build-root")

    @property
    def folder(self) -> Path:
        """What the build sees as /build."""
        return self.root.path / _INSIDE.lstrip("/")

    @property
    def source(self) -> Path:
        return self.folder / "gopath" / "src" / _PROJECT

    @property
    def programs(self) -> Path:
        return self.folder / "programs"

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "PATH": f"{_GO_ROOT}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": _INSIDE,
            "LC_ALL": "C.UTF-8",
            "GOROOT": _GO_ROOT,
            "GOPATH": f"{_INSIDE}/gopath",
            "GOCACHE": f"{_INSIDE}/gocache",
            "GO111MODULE": "off",
            "CGO_ENABLED": "0",
            # The compiler is a Go program: with fewer collections it took a sixth less of the processors' time, within this memory.
            "GOGC": "400",
            "GOMEMLIMIT": "1GiB",
        }

    def run(self, argv: Sequence[str], progress: Progress | None = None, step: str = "", expected: int = 1) -> None:
        """A command of the build, in its source; a line of its output is one of `expected` parts of `progress`."""
        lines = 0

        def advance(line: str) -> None:
            nonlocal lines
            lines += 1
            if progress:
                progress(f"{step} {line.removeprefix(f'{_PROJECT}/')}", min(lines / expected, 0.99))

        inside = f"{_INSIDE}/gopath/src/{_PROJECT}"
        self.root.run(argv, log=self.log, cwd=inside, env=self.environment, on_line=advance)


def build_distribution(work: Path, progress: Progress, names: Sequence[str], own: Mapping[str, Path] | None = None) -> Path:
    """The folder of programs inside `work`. What an interrupted build left there is used again.

    Args:
        names: Kubernetes' own programs, like kubelet.
        own: programs of ours that need the libraries which Kubernetes vendors: name -> folder of Go files.

    Raises:
        ToolError: a Debian package is missing, the disk is too full, the source is another version, or a step failed.
    """
    _refuse_full_disk(work)
    build = _Build(work, progress, names, own or {})
    progress("fetch Debian 12's compilers", 0.0)
    build.root.make((*BUILD_PACKAGES, *C_PACKAGES) if PAUSE in names else BUILD_PACKAGES)
    build.programs.mkdir(parents=True, exist_ok=True)
    _fetch_source(build)
    _describe_api(build)
    if PAUSE in names:
        _compile_pause(build)
    _compile(build)
    return build.programs


def _refuse_full_disk(work: Path) -> None:
    free = shutil.disk_usage(work).free
    if free < NEEDED_BYTES:
        raise ToolError(
            f"building Kubernetes needs {NEEDED_BYTES >> 30} GiB of disk, {free / (1 << 30):.1f} GiB are free",
            where=str(work),
            hint="make room, or set XDG_CACHE_HOME to a folder on a larger disk",
        )


def _fetch_source(build: _Build) -> None:
    """Debian's source with its patches, and the library that its Go needs. The rename comes last: what has that name is whole."""
    if build.source.is_dir():
        return
    build.progress("fetch Debian's source of Kubernetes", 0.03)
    description = build.root.apt.source("kubernetes", build.folder)
    _refuse_other_version(description)
    build.progress("unpack the source", 0.05)
    unpacked = build.folder / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    for patch in unpack_source(description, unpacked, build.log):
        within_root = f"/{patch.relative_to(build.root.path)}"
        argv = ["patch", "--strip=1", "--batch", f"--directory={_INSIDE}/{unpacked.name}", f"--input={within_root}"]
        build.root.run(argv, log=build.log, env=build.environment)
    vendored = unpacked / "vendor" / _REFLECT2
    shutil.rmtree(vendored, ignore_errors=True)
    shutil.copytree(build.root.path / "usr/share/gocode/src" / _REFLECT2, vendored)
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


def _describe_api(build: _Build) -> None:
    """The one generated file that the source comes without: the API server's description of its API (OpenAPI).

    `make generated_files` would make all the others anew, in twenty times the time. The generator's complaints are compared with
    the source's own list of them, as `make` does: they differ when it did not see the same packages.
    """
    folder = build.source / _OPENAPI
    if (folder / "zz_generated.openapi.go").exists():
        return
    part = within(build.progress, 0.08, 0.2)
    generator, report = f"{_INSIDE}/openapi-gen", f"{_INSIDE}/openapi.report"
    build.run(["go", "build", "-v", "-o", generator, _OPENAPI_GENERATOR], part, "compile the generator", 150)
    build.progress("generate the API's description", 0.2)
    inputs = ",".join(sorted(_described(build.source)))
    header, name = "hack/boilerplate/boilerplate.generatego.txt", "openapi.part"
    build.run([generator, "-i", inputs, "-p", f"{_PROJECT}/{_OPENAPI}", "-O", name, "-h", header, "-r", report])
    known = build.source / "api/api-rules/violation_exceptions.list"
    if (build.folder / "openapi.report").read_bytes() != known.read_bytes():
        raise ToolError(
            "the API's description is not the source's own",
            where=f"{build.folder}/openapi.report, {known}",
            hint="remove the .part folder and build again",
        )
    (folder / f"{name}.go").rename(folder / "zz_generated.openapi.go")


def _described(source: Path) -> Iterator[str]:
    """The packages whose types are marked for the description, as go names them."""
    staging = source / "staging" / "src"
    roots = [source / "pkg", *(path for path in (staging / "k8s.io").iterdir() if path.name not in _NOT_DESCRIBED)]
    marked = {path.parent for root in roots for path in root.rglob("*.go") if _is_marked(path)}
    for folder in marked:
        vendored = folder.is_relative_to(staging)
        yield f"{_PROJECT}/vendor/{folder.relative_to(staging)}" if vendored else f"{_PROJECT}/{folder.relative_to(source)}"


def _is_marked(path: Path) -> bool:
    return not path.name.endswith("_test.go") and _OPENAPI_MARK in path.read_bytes()


def _compile(build: _Build) -> None:
    """All programs in one run, so that both cores are busy and every package is compiled once; go's own cache resumes."""
    progress = within(build.progress, 0.25, 1.0)
    for name, folder in build.own.items():
        shutil.copytree(folder, build.source / "cmd" / name, dirs_exist_ok=True)
    targets = [f"{_PROJECT}/cmd/{name}" for name in (*build.names, *build.own) if name != PAUSE]
    argv = ["go", "build", "-v", "-tags", ",".join(TAGS), "-ldflags", _linker_flags(), "-o", f"{_INSIDE}/programs/", *targets]
    build.run(argv, progress, "compile", _EXPECTED_PACKAGES)
    progress("compiled", 1.0)


def _compile_pause(build: _Build) -> None:
    version = f"-DVERSION=v{DISTRIBUTION_VERSION}"
    build.run(["gcc", "-Os", "-Wall", "-static", version, "-o", f"{_INSIDE}/programs/{PAUSE}", "build/pause/linux/pause.c", "-s"])


def _linker_flags() -> str:
    """No symbols (they would only fill disk and memory), and the version where 1.20's programs look for it: the vendored path."""
    major, minor, _ = DISTRIBUTION_VERSION.split(".")
    values = {"gitVersion": f"v{DISTRIBUTION_VERSION}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("component-base/version", "client-go/pkg/version")
    flags = [f"-X {_PROJECT}/vendor/k8s.io/{package}.{name}={value}" for package in packages for name, value in values.items()]
    return " ".join(["-s", "-w", *flags])
