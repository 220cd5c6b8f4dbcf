"""systemd's own checker, its standard error read: it accepts most mistakes with exit code 0.

What HAProxy and Keepalived say comes from `twinkeel.render.validate`.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest


def systemd(unit: str, drop_in: str | None, name: str, folder: Path) -> list[str]:
    """What `systemd-analyze verify` says of one unit with our drop-in. Programs that are not here are replaced by one that is."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    units = folder / "units"
    (units / f"{name}.d").mkdir(parents=True)
    (units / name).write_text(re.sub(r"^(Exec\w+=)(?:nft|/usr/local/\S+)", r"\1/bin/true", unit, flags=re.MULTILINE))
    if drop_in is not None:
        (units / f"{name}.d" / "twinkeel.conf").write_text(drop_in)
    argv = [program, "verify", "--man=no", str(units / name)]
    environment = {"SYSTEMD_UNIT_PATH": f"{units}:"}
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=300, env=environment, check=False)
    said = [line for line in ended.stderr.splitlines() if str(units) in line or name in line]
    return said or ([f"exit code {ended.returncode}"] if ended.returncode else [])
