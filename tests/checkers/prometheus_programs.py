"""Prometheus' own programs from this machine's Debian packages: unpacked, never installed, so no daemon is started by them."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from platformdirs import user_cache_path

PACKAGES = ("prometheus", "prometheus-alertmanager")
ATTEMPTS = 2


def ensure_programs() -> Path:
    """The folder of promtool, prometheus, prometheus-alertmanager and amtool. Skips the test where it cannot be made."""
    return _ensure("prometheus", PACKAGES)


def ensure_node_exporter() -> Path:
    """The program. Skips the test where it cannot be had."""
    return _ensure("node-exporter", ("prometheus-node-exporter",)) / "prometheus-node-exporter"


def _ensure(name: str, packages: Sequence[str]) -> Path:
    versions = [_candidate(package) for package in packages]
    folder = user_cache_path("twinkeel") / f"{name}-{'-'.join(versions).replace('/', '_')}"
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        partial.mkdir(parents=True)
        try:
            _unpack(partial, packages)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder / "usr/bin"


def _candidate(package: str) -> str:
    if shutil.which("apt-cache") is None:
        pytest.skip("apt is not here, and Prometheus comes from Debian's package")
    shown = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True, check=True).stdout
    version = next((line.split()[1] for line in shown.splitlines() if line.strip().startswith("Candidate:")), "(none)")
    if version == "(none)":
        pytest.skip(f"apt knows no package {package} (on Ubuntu it needs the component universe)")
    return version


def _unpack(folder: Path, packages: Sequence[str]) -> None:
    for _ in range(ATTEMPTS):
        ended = subprocess.run(["apt-get", "download", *packages], cwd=folder, capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            break
    else:
        pytest.skip(f"apt-get cannot download {packages[0]}: {ended.stderr[-500:]}")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", str(package), str(folder)], check=True)
        package.unlink()
