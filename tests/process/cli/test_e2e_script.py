"""scripts/e2e where it cannot run, and its prober, which must see a failed request."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from twinkeel.lab.kubernetes.certificates import Authority

ROOT = Path(__file__).parents[3]
SERVER = ROOT / "tests/process/drill/https_server.py"
GOOD, BAD = 3, 2


def test_without_a_fetched_release_it_says_so_and_touches_nothing(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "KUBESPRAY_DIR"}
    for folder in (None, tmp_path):
        given = environment if folder is None else {**environment, "KUBESPRAY_DIR": str(folder)}
        ended = subprocess.run([ROOT / "scripts/e2e"], env=given, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (3, "")
        assert "KUBESPRAY_DIR does not name a folder with Kubespray v2.16.0" in ended.stderr


def counted(prober: "subprocess.Popen[str]") -> tuple[int, int]:
    prober.send_signal(signal.SIGTERM)
    said, _ = prober.communicate(timeout=60)
    found = re.search(r"(\d+) requests, (\d+) failed", said)
    assert found is not None, said
    return int(found[1]), int(found[2])


def test_the_prober_counts_good_requests_and_failed_ones(tmp_path: Path) -> None:
    authority = Authority.new("tried")
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    pair = authority.issue_server("api.test", ["127.0.0.1"]) if hasattr(authority, "issue_server") else None
    assert pair is not None
