"""A build of the image that is killed leaves nothing mounted: the next build could not remove its remains."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# Stands for the real one, which mounts /proc and others below the image. A minute at most.
MMDEBSTRAP = """#!/bin/sh
for last; do target=$before; before=$last; done
mkdir -p "$target/proc"
mount -t tmpfs none "$target/proc"
trap '' TERM
echo mounted > "$0.mounted"
for i in $(seq 600); do sleep 0.1; done
"""

BUILD = """
import sys
from pathlib import Path
from twinkeel.debian.suites import SUITES
from twinkeel.lab import image
image.suite_sources = lambda suite: ("Types: deb",)
image.ensure_image(lambda *_: None, SUITES["bookworm"], Path(sys.argv[1]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_killed_build_leaves_nothing_mounted(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "mmdebstrap"
    program.parent.mkdir()
    program.write_text(MMDEBSTRAP)
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    builder = subprocess.Popen([sys.executable, "-c", BUILD, str(tmp_path)], env=environment, start_new_session=True)
    try:
        deadline = time.monotonic_ns() + 60 * 10**9
        while not program.with_name("mmdebstrap.mounted").exists():
            assert builder.poll() is None, "the build ended early"
            assert time.monotonic_ns() < deadline, "the build did not begin"
            time.sleep(0.05)
    finally:
        os.killpg(builder.pid, signal.SIGKILL)
        builder.wait()
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
