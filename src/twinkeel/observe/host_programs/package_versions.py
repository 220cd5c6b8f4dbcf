"""A part of the programs here that ask for packages: what a command printed, and which versions are installed or offered.

It is put before the text of each program that imports it (see `twinkeel.hosts.host_program`).
"""

from __future__ import annotations

import shutil
import subprocess


def output(argv: list[str], timeout: float = 20) -> str:
    """What a command printed; nothing when it is missing or does not end in time."""
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=timeout, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")


def package_manager() -> str:
    """What installs packages here; empty where it is neither apt nor dnf."""
    return next((name for name, program in (("apt", "apt-get"), ("dnf", "dnf")) if shutil.which(program)), "")


def package(name: str) -> dict[str, str | None]:
    """The installed version, or where there is none the one that the package manager offers."""
    installed = installed_version(name)
    return {"installed": installed, "offered": None if installed else offered_version(name)}


def installed_version(name: str) -> str | None:
    """The version of an installed package."""
    if shutil.which("dpkg-query"):
        fields = output(["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}", name]).split()
        return fields[1] if len(fields) == 2 and fields[0] == "installed" else None
    fields = output(["rpm", "-q", "--queryformat", "%{VERSION}-%{RELEASE}", name]).split()
    return fields[0] if len(fields) == 1 else None


def offered_version(name: str) -> str | None:
    """The version that an installation would bring, from the lists that the host already has."""
    if shutil.which("apt-cache"):
        for line in output(["apt-cache", "policy", name]).splitlines():
            if line.strip().startswith("Candidate:"):
                version = line.split(":", 1)[1].strip()
                return None if version == "(none)" else version
        return None
    fields = output(["dnf", "-q", "-C", "repoquery", "--latest-limit=1", "--qf", "%{version}-%{release}\n", name]).split()
    return fields[-1] if fields else None
