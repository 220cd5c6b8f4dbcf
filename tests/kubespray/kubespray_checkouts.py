"""Where Kubespray is: KUBESPRAY_DIR names one release that `twinkeel kubespray fetch` made, or the folder of all of them."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Release:
    """One release: its tag, and the checkout and environment beside each other."""

    tag: str
    folder: Path

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    @property
    def programs(self) -> Path:
        return self.folder / "environment" / "bin"


def releases() -> list[Release]:
    """Those that validate an inventory by a playbook of its own; v2.16 has none."""
    named = os.environ.get("KUBESPRAY_DIR")
    if not named:
        return []
    folder = Path(named).absolute()
    candidates = [folder, *(sorted(folder.iterdir()) if folder.is_dir() else [])]
    found = [Release(path.name, path) for path in candidates]
    return [
        release
        for release in found
        if (release.programs / "ansible-playbook").exists() and (release.checkout / "playbooks").is_dir()
    ]
