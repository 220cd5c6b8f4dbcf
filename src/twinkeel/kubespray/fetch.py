"""Fetch one release of Kubespray. What an interrupted fetch leaves is never used, and the next one goes on from there."""

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from twinkeel.errors import ToolError, UsageError
from twinkeel.kubespray.environment import make_environment
from twinkeel.kubespray.folders import MARK, releases_folder
from twinkeel.kubespray.git import clone_tag, head_commit, is_clean, source_url, tag_commit
from twinkeel.kubespray.kept_support import keep_support
from twinkeel.kubespray.python import find_python
from twinkeel.kubespray.release import Release


@dataclass(frozen=True)
class FetchOptions:
    """Where a release comes from, and what its environment is made with and from.

    `python` is a program; None looks for one that the release's Ansible runs with.
    """

    source: str
    python: str | None = None
    wheelhouse: Path | None = None
    force: bool = False


def fetch_release(tag: str, options: FetchOptions, on_step: Callable[[str], None]) -> Release:
    """The release, complete; what is there already is not fetched again.

    Args:
        say: is told each step, as a short sentence.

    Raises:
        UsageError: no such tag, or no such wheelhouse.
        ToolError: git, Python or pip failed, or another fetch of this tag is under way.
    """
    if "/" in tag or tag.startswith(("-", ".")) or not tag:
        raise UsageError(f"{tag!r} is no tag", hint="kubernetes.kubespray: v2.31.0")
    if options.wheelhouse is not None and not options.wheelhouse.is_dir():
        raise UsageError(
            "the wheelhouse is not a folder", where=str(options.wheelhouse), hint="pip download -d DIR -r requirements.txt"
        )
    release = Release(tag, releases_folder() / tag)
    with _alone(release.folder):
        if release.complete and not options.force:
            on_step(f"{tag} is here already")
            return release
        (release.folder / MARK).unlink(missing_ok=True)
        commit = _checkout(release, options, on_step)
        support = keep_support(release, commit)
        python = options.python or find_python(support)
        on_step("making its Python environment (a minute or two)")
        wheelhouse = options.wheelhouse.absolute() if options.wheelhouse else None
        version = make_environment(release.checkout, release.environment, python, wheelhouse)
        facts = {"tag": tag, "commit": commit, "source": options.source, "ansible": version}
        mark = release.folder / f".{MARK}.part"
        mark.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        mark.rename(release.folder / MARK)
    return release


def _checkout(release: Release, options: FetchOptions, on_step: Callable[[str], None]) -> str:
    source = source_url(options.source)
    on_step(f"looking up {release.tag} in {options.source}")
    commit = tag_commit(source, release.tag)
    if release.checkout.exists():
        if not options.force and _is_at(release.checkout, commit):
            return commit
        shutil.rmtree(release.checkout)
    on_step(f"fetching {release.tag}")
    clone_tag(source, release.tag, commit, release.checkout)
    return commit


def _is_at(checkout: Path, commit: str) -> bool:
    try:
        return head_commit(checkout) == commit and is_clean(checkout)
    except ToolError:
        return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ToolError("another fetch of this release is under way", where=str(folder), hint="wait for it") from None
        yield
