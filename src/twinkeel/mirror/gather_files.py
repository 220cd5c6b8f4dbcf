"""One file after the other: what is there already, a given folder, programs, Debian, the internet. The first that has it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinkeel.debian.progress import Progress
from twinkeel.mirror.checksums import matches, sha256_of
from twinkeel.mirror.internet import Internet
from twinkeel.mirror.local_files import LocalFiles
from twinkeel.mirror.maker import Maker
from twinkeel.mirror.manifest import FileEntry, Manifest, file_path
from twinkeel.mirror.needs import NeededFile


@dataclass
class FileGatherer:
    """Where files come from, and the mirror's folder that they go to."""

    folder: Path
    local: LocalFiles
    makers: Sequence[Maker]
    internet: Internet

    def gather(self, need: NeededFile, manifest: Manifest, progress: Progress, missing: list[str]) -> Manifest:
        """The manifest with the file in it. When it cannot be had, `missing` gets a line with its name and why."""
        progress(f"file {need.name}", 0.0)
        target = self.folder / file_path(need.url)
        target.parent.mkdir(parents=True, exist_ok=True)
        earlier = manifest.file(need.name)
        if earlier and self._is_good(earlier, need, target):
            return manifest
        part = part_path(target)
        got, reason = self._get(need, part, progress)
        if got is None:
            missing.append(f"file {need.name} ({need.url}): {reason}")
            return manifest.without(need.name)
        source, substitute = got
        part.chmod(0o644)
        part.rename(target)
        size, checksum = target.stat().st_size, sha256_of(target)
        where = str(target.relative_to(self.folder))
        names = (need.names.url, need.names.checksum, need.names.checksum_prefix)
        return manifest.with_file(FileEntry(need.name, where, need.url, size, checksum, source, *names, substitute))

    def _is_good(self, earlier: FileEntry, need: NeededFile, target: Path) -> bool:
        """A substitute is made anew each time: what it is made of may have changed."""
        if earlier.substitute or earlier.url != need.url or not target.is_file() or sha256_of(target) != earlier.sha256:
            return False
        return not need.pin or matches(target, need.pin)

    def _get(self, need: NeededFile, part: Path, progress: Progress) -> tuple[tuple[str, str] | None, str]:
        """(source, what it is instead of the release's own), or why there is none."""
        # What a broken-off download left is good for going on with the download alone.
        copy = part.with_name(f"{part.name}-copy")
        taken, wrong = self.local.take(need, copy)
        if taken:
            copy.rename(part)
            return (str(taken), ""), ""
        for maker in self.makers:
            if words := maker.file(need, copy):
                copy.rename(part)
                return (maker.source, words), ""
        for _ in range(2):
            reason = self.internet.fetch(need.url, part, lambda fraction: progress(f"file {need.name}", fraction))
            if reason:
                return None, "; ".join(filter(None, (wrong, reason)))
            if not need.pin or matches(part, need.pin):
                return (self.internet.address(need.url), ""), ""
            # Perhaps its beginning was of another file: once more from the start.
            part.unlink()
        return None, f"what {self.internet.address(need.url)} gives has another checksum than {need.pin}"


def part_path(target: Path) -> Path:
    """Where a download lies until it is whole and right."""
    return target.with_name(f".{target.name}.part")
