"""A Debian source package, fetched with apt from the servers that this machine already uses, without touching /etc/apt."""

import subprocess
from pathlib import Path

from twinkeel.debian.commands import run
from twinkeel.errors import ToolError

# The machine's own Debian servers: apt knows them, with their suites, from the package lists that it has.
_OWN_SERVERS = ["apt-get", "indextargets", "--format", "deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)", "Origin: Debian"]
_UPDATE_HINT = "run: apt-get update"


def missing_packages(wanted: tuple[str, ...]) -> list[str]:
    """Those of the wanted Debian packages that are not installed."""
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Abbrev}\n", *wanted]
    answer = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in answer.splitlines() if line.split()[1:2] == ["ii"]}
    return [name for name in wanted if name not in installed]


def fetch_source(package: str, folder: Path, log: Path) -> Path:
    """The .dsc file of a source package, with its archives beside it in `folder`; apt verifies signatures and checksums.

    Raises:
        ToolError: apt knows no Debian server, or cannot fetch.
    """
    options = _private_apt(folder / "apt")
    run(["apt-get", *options, "update"], log=log)
    run(["apt-get", *options, "source", "--download-only", package], log=log, cwd=folder)
    found = sorted(folder.glob(f"{package}_*.dsc"))
    if not found:
        raise ToolError(f"apt fetched no source of {package}", where=str(log), hint=_UPDATE_HINT)
    return found[-1]


def _private_apt(folder: Path) -> list[str]:
    """Options that give apt lists and a cache of its own, and source entries for the machine's own servers."""
    own = subprocess.run(_OWN_SERVERS, capture_output=True, text=True, check=False).stdout
    servers = sorted({line for line in own.splitlines() if line.startswith("deb-src ")})
    if not servers:
        raise ToolError("apt knows no Debian package server", where="apt-get indextargets", hint=_UPDATE_HINT)
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "sources.list").write_text("\n".join(servers) + "\n")
    settings = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder,
        # The unprivileged user that apt drops to cannot write below a user's cache folder.
        "APT::Sandbox::User": "root",
    }
    return [argument for name, value in settings.items() for argument in ("-o", f"{name}={value}")]
