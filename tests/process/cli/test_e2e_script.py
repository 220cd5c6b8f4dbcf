"""scripts/e2e where it cannot run."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_without_a_fetched_release_it_says_so_and_touches_nothing(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "KUBESPRAY_DIR"}
    for folder in (None, tmp_path):
        given = environment if folder is None else {**environment, "KUBESPRAY_DIR": str(folder)}
        ended = subprocess.run([ROOT / "scripts/e2e"], env=given, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (3, "")
        assert "KUBESPRAY_DIR does not name a folder with Kubespray v2.16.0" in ended.stderr
