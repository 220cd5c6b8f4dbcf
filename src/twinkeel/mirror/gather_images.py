"""One image after the other: what is there already, a given archive, Debian, the internet. The first that has it counts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.image_sources import archive_names, copy_image, full_name, registry_source
from twinkeel.mirror.internet import Internet
from twinkeel.mirror.local_files import LocalFiles
from twinkeel.mirror.maker import Maker
from twinkeel.mirror.manifest import ImageEntry, Manifest
from twinkeel.mirror.needs import NeededImage


@dataclass
class ImageGatherer:
    """Where images come from, and the layout that they go to."""

    layout: ImageLayout
    local: LocalFiles
    makers: Sequence[Maker]
    internet: Internet
    architecture: str
    archives: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.archives = dict(archive_names(self.local.archives()))

    def gather(self, need: NeededImage, manifest: Manifest, missing: list[str]) -> Manifest:
        """The manifest with the image in it. When it cannot be had, `missing` gets a line with its name and why."""
        earlier = manifest.image(need.reference)
        if earlier and self._is_good(earlier):
            return manifest
        got, reason = self._get(need)
        if got is None:
            missing.append(f"image {need.reference}: {reason}")
            return manifest.without(need.reference)
        return manifest.with_image(got)

    def _is_good(self, earlier: ImageEntry) -> bool:
        """A substitute is made anew each time: what it is made of may have changed."""
        if earlier.substitute or not self.layout.has(earlier.digest):
            return False
        return all(self.layout.has(digest) for digest, _ in self.layout.parts(earlier.digest))

    def _get(self, need: NeededImage) -> tuple[ImageEntry | None, str]:
        source = self.archives.get(full_name(need.reference), "")
        if source:
            digest, reason = copy_image(source, [], self.layout, self.architecture)
            if digest:
                return ImageEntry(need.reference, digest, source), ""
            return None, reason
        for maker in self.makers:
            if made := maker.image(need, self.layout, self.architecture):
                return ImageEntry(need.reference, made[0], maker.source, made[1]), ""
        source, options = registry_source(need, self.internet)
        server = source.removeprefix("docker://").split("/", 1)[0]
        if server in self.internet.unreachable:
            return None, self.internet.unreachable[server]
        digest, reason = copy_image(source, options, self.layout, self.architecture)
        return (ImageEntry(need.reference, digest, source), "") if digest else (None, reason)
