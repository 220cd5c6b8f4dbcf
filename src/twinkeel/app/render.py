"""Use case: every file of the system, into a folder."""

from pathlib import Path

from twinkeel.app.context import Context
from twinkeel.render import render as files
from twinkeel.render.haproxy import Trust
from twinkeel.render.write import Written, write

__all__ = ["Trust", "Written", "render"]


def render(context: Context, folder: Path, trust: Trust, *, force: bool) -> Written:
    """What was written to `folder`, passwords included. Raises SpecError for a missing password; `force`: see `write`."""
    return write(files.render(context.topology, trust, context.secrets), folder, force=force)
