"""What the Kubespray release that a spec names supports. Most machines have fetched none: only a fetched one's reader is loaded."""

import re
from contextlib import suppress

from twinkeel.errors import ToolError
from twinkeel.kubespray.folders import MARK, releases_folder
from twinkeel.spec.kubespray_releases import table_support
from twinkeel.spec.release_support import ReleaseSupport


def find_support(tag: str) -> ReleaseSupport:
    """What the release of a tag supports: by its own files where it was fetched here, else by our table. Never raises."""
    # A text that is no tag may be a path, or too long to be one.
    if re.fullmatch(r"v[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}", tag):
        folder = releases_folder() / tag
        with suppress(OSError, ToolError):
            if (folder / MARK).exists():
                from twinkeel.kubespray.kept_support import support_of
                from twinkeel.kubespray.release import Release

                return support_of(Release(tag, folder))
    return table_support(tag)
