"""A git repository on this machine in place of GitHub, and wheels that are made here in place of PyPI: no network is needed."""

import subprocess
import zipfile
from pathlib import Path


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def wheelhouse(tmp_path: Path, version: str = "2.18.3") -> Path:
    """A folder with one wheel of that name and version, without anything in it."""
    folder = tmp_path / "wheels"
    folder.mkdir(exist_ok=True)
    info = f"ansible_core-{version}.dist-info"
    with zipfile.ZipFile(folder / f"ansible_core-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: ansible-core\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return folder
