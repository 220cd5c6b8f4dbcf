"""Debian packages with all that they need, as if nothing were installed: fetched by apt, without this machine's own state."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinkeel.debian.commands import run
from twinkeel.debian.sources import debian_stanzas, machine_release, suite_sources
from twinkeel.debian.suites import Suite
from twinkeel.errors import ToolError


@dataclass(frozen=True)
class PrivateApt:
    """An apt of our own: its lists and its (empty) list of installed packages lie in `folder`; it asks this machine's servers.

    `suite` is another release than this machine's own; then apt reads its list of sources of programs too.
    """

    folder: Path
    suite: Suite | None = None

    @property
    def log(self) -> Path:
        """What apt says."""
        return self.folder / "apt.log"

    def options(self, archives: Path) -> list[str]:
        """For every apt program; packages are put into `archives`."""
        settings = {
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": self.folder / "sources.list.d",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Cache::archives": archives,
            "APT::Install-Recommends": "false",
            # The unprivileged user that apt drops to may not be able to write here.
            "APT::Sandbox::User": "root",
        }
        return [argument for name, value in settings.items() for argument in ("-o", f"{name}={value}")]

    def update(self) -> None:
        """Read the servers' lists.

        Raises:
            ToolError: this machine has no Debian sources, or they cannot be reached.
        """
        stanzas = self._stanzas()
        for name in ("sources.list.d", "lists/partial", "cache"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        (self.folder / "sources.list.d" / "own.sources").write_text("\n\n".join(stanzas) + "\n")
        run(["apt-get", *self.options(self.folder / "cache"), "update"], log=self.log)

    def _stanzas(self) -> Sequence[str]:
        if self.suite is not None:
            return [re.sub(r"(?m)^Types: deb$", "Types: deb deb-src", stanza) for stanza in suite_sources(self.suite)]
        own = machine_release()[1]
        stanzas = debian_stanzas(own)
        if not stanzas:
            hint = "packages come from this machine's own Debian sources: add one for this release"
            raise ToolError(f"apt has no enabled Debian source for {own or 'this system'}", where="/etc/apt", hint=hint)
        return stanzas

    def source(self, package: str, folder: Path) -> Path:
        """The .dsc file of a source package, with its archives beside it in `folder`; apt verifies signatures and checksums.

        Raises:
            ToolError: apt cannot fetch.
        """
        run(["apt-get", *self.options(self.folder / "cache"), "source", "--download-only", package], log=self.log, cwd=folder)
        found = sorted(folder.glob(f"{package}_*.dsc"))
        if not found:
            raise ToolError(f"apt fetched no source of {package}", where=str(self.log), hint="run: apt-get update")
        return found[-1]

    def unknown(self, names: Sequence[str]) -> list[str]:
        """Those that the servers do not have: NAME, or NAME=VERSION."""
        argv = ["apt-cache", *self.options(self.folder / "cache"), "show"]
        # Of a package that others merely speak of, apt-cache shows nothing, and is content.
        return [name for name in names if not subprocess.run([*argv, name], capture_output=True, check=False).stdout]

    def names(self, wanted: Sequence[str]) -> list[str]:
        """The file names, as apt writes them, of packages and of everything that they depend on. Raises ToolError."""
        argv = ["apt-get", *self.options(self.folder / "cache"), "--yes", "--print-uris", "-qq", "install", *wanted]
        ended = subprocess.run(argv, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise ToolError(f"apt-get failed: {ended.stderr.strip()}", where=" ".join(wanted), hint="apt-get update")
        return [line.split()[1] for line in ended.stdout.splitlines() if line.startswith("'")]

    def download(self, names: Sequence[str], archives: Path) -> None:
        """Put packages and everything that they depend on into `archives`; what is there already and right is kept.

        Raises:
            ToolError: apt failed.
        """
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        run(["apt-get", *self.options(archives), "--yes", "--download-only", "install", *names], log=self.log)
        (archives / "lock").unlink(missing_ok=True)
        (archives / "partial").rmdir()


def unpack(package: Path, folder: Path) -> None:
    """Unpack a package's files below `folder`; its scripts are not run. Raises ToolError."""
    folder.mkdir(parents=True, exist_ok=True)
    ended = subprocess.run(["dpkg-deb", "--extract", str(package), str(folder)], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise ToolError(
            f"dpkg-deb cannot unpack: {ended.stderr.strip()}", where=str(package), hint="remove the file and build again"
        )


def package_field(package: Path, name: str) -> str:
    """A field of a package, like Version. Raises ToolError."""
    ended = subprocess.run(["dpkg-deb", "--field", str(package), name], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise ToolError(f"dpkg-deb cannot read: {ended.stderr.strip()}", where=str(package), hint="remove the file and build again")
    return ended.stdout.strip()
