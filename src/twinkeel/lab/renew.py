"""`python -m twinkeel.lab.renew LAB-FOLDER HOST`: a new network for a host that reboots. Called by the host's start script."""

import sys
from pathlib import Path

from twinkeel.lab import network
from twinkeel.lab.model import LabPaths
from twinkeel.lab.state import load_layout


def main(folder: str, name: str) -> None:
    """Make the host's network namespace anew; a cable that was pulled stays pulled."""
    paths = LabPaths(Path(folder))
    layout = load_layout(paths)
    host = layout.host(name)
    network.renew(layout, host, link=not (paths.host(name) / "cut").exists())


if __name__ == "__main__":
    main(*sys.argv[1:])
