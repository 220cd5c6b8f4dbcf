"""Files in folders that somebody gave us: a download is found by its name, and taken when its checksum is right."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from twinkeel.mirror.checksums import matches
from twinkeel.mirror.needs import NeededFile


class LocalFiles:
    """The files of some folders, by name."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.by_name: dict[str, list[Path]] = {}
        for folder in folders:
            for root, _, names in os.walk(folder):
                for name in names:
                    self.by_name.setdefault(name, []).append(Path(root) / name)

    def take(self, need: NeededFile, target: Path) -> tuple[Path | None, str]:
        """Copy the file to `target`; the file that was taken, and why others of its name were not."""
        wrong: list[str] = []
        for path in self._named(need):
            if not need.pin or matches(path, need.pin):
                shutil.copyfile(path, target)
                return path, ""
            wrong.append(f"{path} has another checksum")
        return None, "; ".join(wrong)

    def archives(self) -> list[Path]:
        """Files that may hold images: *.tar, *.tar.gz, *.tgz."""
        return sorted(path for paths in self.by_name.values() for path in paths if path.name.endswith((".tar", ".tar.gz", ".tgz")))

    def _named(self, need: NeededFile) -> list[Path]:
        names = dict.fromkeys((need.url.rsplit("/", 1)[-1], need.dest.rsplit("/", 1)[-1]))
        return [path for name in names for path in sorted(self.by_name.get(name, ()))]
