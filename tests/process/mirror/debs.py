"""Small Debian packages, made by dpkg-deb."""

import subprocess
from collections.abc import Mapping
from pathlib import Path


def make_deb(folder: Path, name: str, version: str, files: Mapping[str, str], depends: str = "") -> Path:
    """A package with these files (path below / -> content), in FOLDER."""
    root = folder / f"{name}-root"
    (root / "DEBIAN").mkdir(parents=True)
    fields = {"Package": name, "Version": version, "Architecture": "all"}
    fields |= {"Maintainer": "Test <test@example.com>", "Description": "test"}
    if depends:
        fields["Depends"] = depends
    (root / "DEBIAN/control").write_text("".join(f"{key}: {value}\n" for key, value in fields.items()))
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    target = folder / f"{name}_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(root), str(target)], check=True, capture_output=True)
    return target
