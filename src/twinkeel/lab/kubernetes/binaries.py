"""Where the lab's Kubernetes programs come from: a cache, the official release, Debian's source package, or a folder."""

from collections.abc import Callable
from pathlib import Path

from twinkeel.debian.cache import make_once
from twinkeel.debian.kubernetes import DISTRIBUTION_VERSION, build_distribution
from twinkeel.debian.progress import Progress
from twinkeel.errors import ToolError, UsageError
from twinkeel.lab.kubernetes.programs import PROGRAMS, Binaries, Origin, check_folder
from twinkeel.lab.kubernetes.release import OFFICIAL_SERVER, ReleaseUnreachableError, fetch_release

MIRROR_VARIABLE = "TWINKEEL_KUBERNETES_MIRROR"


def resolve_binaries(choice: str, version: str, cache: Path, mirror: str | None, progress: Progress) -> Binaries:
    """The programs for `lab up --kubernetes CHOICE`; made once, kept in `cache`/kubernetes-<version>-<origin>.

    Args:
        choice: auto (the cache, else the release, else the distribution), release, distribution, or a folder.
        version: the spec's, like 1.35.4; the distribution has its own, see `Binaries.describe`.
        mirror: a server laid out like the official one; None for the official one.

    Raises:
        UsageError: CHOICE is a folder that does not exist or does not hold fitting programs.
        ToolError: fetching or building failed, or a checksum is wrong (no other source is tried then).
    """
    server = mirror or OFFICIAL_SERVER
    version = version.removeprefix("v")
    match choice:
        case "auto":
            return _cached(cache, version) or _release_or_distribution(version, cache, server, progress)
        case "release":
            return _release(version, cache, server, progress)
        case "distribution":
            return _distribution(cache, progress)
        case _:
            return _folder(choice)


def _cached(cache: Path, version: str) -> Binaries | None:
    candidates: tuple[tuple[str, Origin], ...] = ((version, "release"), (DISTRIBUTION_VERSION, "distribution"))
    for found_version, origin in candidates:
        folder = _target(cache, found_version, origin)
        if folder.is_dir():
            return Binaries(folder, found_version, origin)
    return None


def _release_or_distribution(version: str, cache: Path, server: str, progress: Progress) -> Binaries:
    try:
        return _release(version, cache, server, progress)
    except ReleaseUnreachableError as unreachable:
        progress(f"no release from {server}: build from Debian's source instead", 0.0)
        try:
            return _distribution(cache, progress)
        except ToolError as error:
            raise ToolError(
                f"no Kubernetes: {unreachable.what}, and {error.what}", where=error.where or unreachable.where, hint=error.hint
            ) from error


def _release(version: str, cache: Path, server: str, progress: Progress) -> Binaries:
    target = _target(cache, version, "release")
    progress(f"ask {server} for Kubernetes {version}", 0.0)
    make_once(target, lambda work: fetch_release(version, server, work, progress), on_wait=_waiting(progress))
    return Binaries(target, version, "release")


def _distribution(cache: Path, progress: Progress) -> Binaries:
    target = _target(cache, DISTRIBUTION_VERSION, "distribution")
    make_once(target, lambda work: build_distribution(work, progress, PROGRAMS), on_wait=_waiting(progress))
    return Binaries(target, DISTRIBUTION_VERSION, "distribution")


def _folder(choice: str) -> Binaries:
    folder = Path(choice)
    if not folder.is_dir():
        raise UsageError(
            f"--kubernetes {choice}: there is no such folder", hint="give auto, release, distribution, or a folder of programs"
        )
    return check_folder(folder)


def _target(cache: Path, version: str, origin: Origin) -> Path:
    return cache / f"kubernetes-{version}-{origin}"


def _waiting(progress: Progress) -> Callable[[], None]:
    return lambda: progress("wait for another process that prepares the same programs", 0.0)
