"""The machine's limit of inotify instances: each host's systemd takes about a dozen, and Linux allows a user 128 of them."""

from contextlib import suppress
from pathlib import Path

from twinkeel.lab import manifest, state
from twinkeel.lab.manifest import Entry
from twinkeel.lab.model import LabPaths

LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
NEEDED = 4096


def raise_limit(paths: LabPaths) -> None:
    """Raise the limit where it is lower than a few labs need; the manifest keeps what it was.

    In a container that may not set it, the lab does with what there is: hosts boot, some watches are missing.
    """
    before = LIMIT.read_text().strip()
    if int(before) < NEEDED:
        manifest.record(paths.manifest, Entry("setting", str(LIMIT), value=before))
        with suppress(OSError):
            LIMIT.write_text(str(NEEDED))


def restore_limit(paths: LabPaths) -> None:
    """Put back what this lab found, unless somebody else changed it since; another lab that is up inherits the duty."""
    listed = manifest.read(paths.manifest)
    for entry in listed.of_kind("setting") if listed else ():
        if LIMIT.read_text().strip() != str(NEEDED):
            continue
        others = [state.paths_of(name).manifest for name in state.names() if name != paths.root.name]
        if others:
            manifest.record(others[0], entry)
        else:
            LIMIT.write_text(entry.value)
