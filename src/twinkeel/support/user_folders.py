"""The user's folders of Twinkeel, by the XDG Base Directory Specification 0.8. Nothing is made here."""

import os
from pathlib import Path


def data_folder() -> Path:
    """What is kept: $XDG_DATA_HOME/twinkeel, or ~/.local/share/twinkeel."""
    return _folder("XDG_DATA_HOME", "~/.local/share")


def state_folder() -> Path:
    """Logs and histories: $XDG_STATE_HOME/twinkeel, or ~/.local/state/twinkeel."""
    return _folder("XDG_STATE_HOME", "~/.local/state")


def cache_folder() -> Path:
    """What can be made or fetched again: $XDG_CACHE_HOME/twinkeel, or ~/.cache/twinkeel."""
    return _folder("XDG_CACHE_HOME", "~/.cache")


def _folder(variable: str, default: str) -> Path:
    """ "All paths set in these environment variables must be absolute"; another one is not used."""
    named = os.environ.get(variable, "").strip()
    return Path(named if os.path.isabs(named) else os.path.expanduser(default)) / "twinkeel"
