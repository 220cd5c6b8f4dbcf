"""A fetched Kubespray release: a checkout of its tag, and the Python environment that its playbooks need."""

import json
from dataclasses import dataclass
from pathlib import Path

from twinkeel.errors import ToolError, UsageError
from twinkeel.kubespray.folders import MARK, releases_folder


@dataclass(frozen=True)
class Release:
    """One release on this machine. `folder` holds the checkout and the environment beside each other."""

    tag: str
    folder: Path

    @property
    def checkout(self) -> Path:
        """Kubespray's own files."""
        return self.folder / "checkout"

    @property
    def environment(self) -> Path:
        """The Python environment."""
        return self.folder / "environment"

    @property
    def programs(self) -> Path:
        """The folder of ansible-playbook."""
        return self.environment / "bin"

    @property
    def complete(self) -> bool:
        """Whether its fetch came to the end."""
        return (self.folder / MARK).is_file()

    def facts(self) -> dict[str, str]:
        """What the fetch found out: commit, source, ansible (ansible-core's version). Raises ToolError when it is not complete."""
        try:
            return dict(json.loads((self.folder / MARK).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ToolError("the release is not complete", where=str(self.folder), hint="twinkeel kubespray fetch") from error


def find_release(tag: str) -> Release:
    """The release of a tag.

    Raises:
        UsageError: it was not fetched, or not to the end.
    """
    release = Release(tag, releases_folder() / tag)
    if not release.complete:
        what = "was fetched only in part" if release.checkout.exists() else "was not fetched"
        raise UsageError(f"Kubespray {tag} {what}", where=str(release.folder), hint="twinkeel kubespray fetch")
    return release
