"""The whole procedure on bare hosts: real Kubespray installs Kubernetes behind our load balancers, from a mirror."""

import os
import subprocess
from pathlib import Path

import pytest
from labs import ROOT

RELEASES = Path(os.environ.get("KUBESPRAY_DIR", "/nonexistent"))
# v2.16.0 and its mirror show the same with Kubernetes 1.20.2, on a machine that has no programs of a current one.
TAG = os.environ.get("TWINKEEL_TEST_KUBESPRAY", "v2.32.0")
MIRROR = Path(os.environ.get("TWINKEEL_TEST_MIRROR", Path.home() / f".cache/twinkeel/mirror-{TAG}"))
pytestmark = [
    pytest.mark.skipif(
        not (RELEASES / TAG / "complete.json").is_file(),
        reason=f"KUBESPRAY_DIR is not the folder in which `twinkeel kubespray fetch --tag {TAG}` put it",
    ),
    pytest.mark.skipif(not (MIRROR / "manifest.json").is_file(), reason="there is no mirror: scripts/e2e --local DIR builds one"),
]


@pytest.mark.timeout(3600)
def test_from_bare_hosts_to_a_cluster_that_is_scaled_and_survives_its_drills() -> None:
    argv = ["scripts/e2e", "--small", "--tag", TAG, "--mirror", str(MIRROR)]
    ended = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=3500, check=False)
    summary = ended.stdout[ended.stdout.rfind("== Summary") :]
    assert ended.returncode == 0, summary + ended.stderr
    assert "FAILED" not in summary
    for step in ("kubespray run (cluster.yml)", "a workload answers", "drill: power-loss", "kubespray scale", "remove-node"):
        assert step in summary
