"""What can stand in for a release's own files and images, made on this machine from programs."""

from pathlib import Path
from typing import Protocol

from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.needs import NeededFile, NeededImage


class Maker(Protocol):
    """Each answer is None when there is nothing like it here; the words say what stands there instead of the release's own."""

    @property
    def source(self) -> str:
        """Where it comes from, in a word, for the manifest."""

    def file(self, need: NeededFile, target: Path) -> str | None:
        """Write the file; its words."""

    def image(self, need: NeededImage, layout: ImageLayout, architecture: str) -> tuple[str, str] | None:
        """Put the image into the layout; its manifest's digest, and its words."""
