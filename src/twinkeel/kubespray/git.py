"""Getting one tag of Kubespray from a git repository: an URL, a mirror, or a path."""

import difflib
import os
import shutil
import subprocess
from pathlib import Path

from twinkeel.errors import ToolError, UsageError

UPSTREAM = "https://github.com/kubernetes-sigs/kubespray"


def source_url(source: str) -> str:
    """What git is given: a path becomes a file URL, so that a shallow clone of it is one."""
    path = Path(source).expanduser()
    return path.absolute().as_uri() if path.exists() else source


def tag_commit(source: str, tag: str) -> str:
    """The commit of a tag in a repository.

    Raises:
        UsageError: there is no such tag; the hint names the nearest ones.
        ToolError: git is missing, or the repository cannot be reached.
    """
    lines = _git("ls-remote", "--tags", source, source=source).splitlines()
    commits = {name.removeprefix("refs/tags/"): commit for commit, _, name in (line.partition("\t") for line in lines)}
    # An annotated tag is listed twice; the commit is the one with ^{}.
    found = commits.get(f"{tag}^{{}}") or commits.get(tag)
    if found is None:
        tags = [name for name in commits if not name.endswith("^{}")]
        wanted = tag if tag.startswith("v") else f"v{tag}"
        line = [name for name in tags if name.startswith(wanted.rpartition(".")[0] + ".") and "." in wanted]
        near = line[-3:] or difflib.get_close_matches(wanted, tags, n=3, cutoff=0.6)
        hint = (
            f"did you mean {' or '.join(near)}?" if near else f"the repository has {len(tags)} tags; kubernetes.kubespray names one"
        )
        raise UsageError(f"there is no tag {tag!r}", where=source, hint=hint)
    return found


def clone_tag(source: str, tag: str, commit: str, target: Path) -> None:
    """Make `target` a checkout of the tag: whole or not at all.

    Raises:
        ToolError: git failed, or what came is not the tag's commit.
    """
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        _git(
            "clone",
            "--quiet",
            "--depth",
            "1",
            "--branch",
            tag,
            "--config",
            "advice.detachedHead=false",
            source,
            str(part),
            source=source,
        )
        came = head_commit(part)
        if came != commit:
            raise ToolError(f"{tag} should be commit {commit}, and {came} came", where=source, hint="is it a branch of that name?")
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def head_commit(checkout: Path) -> str:
    """The commit that is checked out. Raises ToolError when it is no git checkout."""
    return _git("-C", str(checkout), "rev-parse", "HEAD", source=str(checkout)).strip()


def is_clean(checkout: Path) -> bool:
    """Whether no file of a checkout was changed, added or removed. Raises ToolError when it is no git checkout."""
    return not _git("-C", str(checkout), "status", "--porcelain", source=str(checkout)).strip()


def _git(*arguments: str, source: str) -> str:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        result = subprocess.run(["git", *arguments], capture_output=True, text=True, env=environment, errors="replace", check=False)
    except FileNotFoundError as error:
        raise ToolError("git is not installed", hint="apt-get install git, or dnf install git") from error
    if result.returncode == 0:
        return result.stdout
    lines = [line for line in result.stderr.splitlines() if line.startswith(("fatal:", "error:"))] or result.stderr.splitlines()
    raise ToolError(f"git failed: {lines[0] if lines else result.returncode}", where=source, hint=_hint(result.stderr))


def _hint(stderr: str) -> str:
    if any(
        word in stderr for word in ("Could not resolve host", "Failed to connect", "unable to access", "timed out", "unreachable")
    ):
        return "this machine does not reach it: name a mirror or a local copy with --source"
    if "does not appear to be a git repository" in stderr or "not found" in stderr or "does not exist" in stderr:
        return "--source takes the URL or the path of a git repository of Kubespray"
    if "dubious ownership" in stderr:
        return "the repository belongs to another user: git config --global --add safe.directory PATH"
    if "No space left" in stderr:
        return "make room on this machine's disk"
    return "run the same command again; --source names another repository"
