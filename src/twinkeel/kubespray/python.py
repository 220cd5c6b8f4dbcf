"""Which Python a release's environment is made with: Ansible of each release runs with a few versions only."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from twinkeel.errors import ToolError
from twinkeel.spec.release_support import ReleaseSupport

# A program of that name may be a switch that starts nothing (pyenv's shims): it must run, and know venv.
_WORKS = "import sys, venv; print(sys.version_info[1])"


def find_python(release: ReleaseSupport) -> str:
    """The path of a Python that the release's Ansible runs with: our own, or the newest one that this machine has.

    Raises:
        ToolError: there is none.
    """
    oldest, newest = release.pythons
    if oldest <= sys.version_info.minor <= newest:
        return sys.executable
    for minor in range(newest, oldest - 1, -1):
        for candidate in _candidates(minor):
            if _works(candidate, minor):
                return candidate
    if not release.ansible_2_9:
        # pip says so when it minds; a newer Python often does.
        return sys.executable
    what = f"Ansible of Kubespray {release.tag} needs Python 3.{oldest} to 3.{newest}, and none is here"
    raise ToolError(what, where="PATH", hint=f"install one (pyenv install 3.{newest}), or name it: --python PROGRAM")


def _candidates(minor: int) -> Iterator[str]:
    found = shutil.which(f"python3.{minor}")
    if found is not None:
        yield found
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from (str(path) for path in sorted(versions.glob(f"3.{minor}.*/bin/python3.{minor}"), reverse=True))


def _works(program: str, minor: int) -> bool:
    try:
        ended = subprocess.run([program, "-c", _WORKS], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0 and ended.stdout.strip() == str(minor)
