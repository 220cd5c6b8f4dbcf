"""A root of Debian 12 with the tools of a build: what comes out of it does not depend on this machine's own release.

Packages are unpacked, not installed: compilers need no script of theirs to have run. A command runs in namespaces of its own, in
that root and without a network; with the last of its processes all that it had mounted is gone. See unshare(1).
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinkeel.debian.commands import run
from twinkeel.debian.packages import PrivateApt, unpack
from twinkeel.debian.suites import SUITES
from twinkeel.errors import ToolError

SUITE = SUITES["bookworm"]
PROGRAMS = {
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "chroot": "coreutils",
    "mount": "mount",
    "dpkg-deb": "dpkg",
    "apt-get": "apt",
}
_DONE = "made"
# Of /dev a compiler needs this alone. The mount is private: unshare takes care of that.
_ENTER = 'mount --bind /dev/null "$1/dev/null" && exec chroot "$@"'
_FORBIDDEN = "this machine lets only root make namespaces"


@dataclass(frozen=True)
class BuildRoot:
    """`folder`/root is the root; beside it lie apt's lists and the packages."""

    folder: Path

    @property
    def path(self) -> Path:
        """What a command inside sees as /."""
        return self.folder / "root"

    @property
    def apt(self) -> PrivateApt:
        """The release's packages and sources."""
        return PrivateApt(self.folder / "apt", SUITE)

    def make(self, packages: Sequence[str]) -> None:
        """Fetch and unpack packages with all that they need; a root that holds them all is left alone.

        Raises:
            ToolError: a program or the release's keys are missing on this machine, or apt failed.
        """
        done, wanted = self.folder / _DONE, "\n".join(packages)
        if done.exists() and done.read_text() == wanted:
            return
        _refuse_missing_programs()
        shutil.rmtree(self.path, ignore_errors=True)
        self.apt.update()
        archives = self.folder / "archives"
        self.apt.download(packages, archives)
        for package in sorted(archives.glob("*.deb")):
            unpack(package, self.path)
        shutil.rmtree(archives)
        (self.path / "dev").mkdir(exist_ok=True)
        (self.path / "dev" / "null").touch()
        (self.path / "tmp").mkdir(exist_ok=True)
        done.write_text(wanted)

    def run(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        cwd: str = "/",
        env: Mapping[str, str],
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        """Run a command of the root; `cwd` is a path inside. It ends with us, and its children with it.

        Raises:
            ToolError: it failed, or this machine forbids namespaces.
        """
        try:
            run([*_namespaces(), *_enter(self.path, cwd), *argv], log=log, env=env, on_line=on_line)
        except ToolError as error:
            if os.geteuid() != 0 and "unshare" in error.hint:
                raise ToolError(f"{_FORBIDDEN}: {error.hint}", where=error.where, hint="run the command with sudo") from error
            raise ToolError(error.what.replace("setpriv", argv[0], 1), where=f"{argv[0]}, log {log}", hint=error.hint) from error


def _refuse_missing_programs() -> None:
    missing = sorted({package for program, package in PROGRAMS.items() if not shutil.which(program, path=_path())})
    if missing:
        raise ToolError(
            f"Kubernetes cannot be built: Debian packages are missing: {', '.join(missing)}",
            where="this machine",
            hint=f"apt-get install --no-install-recommends {' '.join(missing)}",
        )


def _path() -> str:
    """A user's PATH may lack the folders of the system's programs."""
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin"


def _namespaces() -> list[str]:
    """Who ends us ends the compilers too, also with SIGKILL: setpriv for unshare, --kill-child for what that started."""
    mapped = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return [
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        *mapped,
        "--mount",
        "--net",
        "--ipc",
        "--uts",
        "--pid",
        "--fork",
        "--kill-child",
    ]


def _enter(root: Path, cwd: str) -> list[str]:
    return ["--", "/bin/sh", "-c", _ENTER, "sh", str(root), "/usr/bin/env", f"--chdir={cwd}"]
