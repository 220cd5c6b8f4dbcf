"""A bench on the real daemons: another's configuration really is in force, and ours is back whatever happens.

Figures are not asserted, but for one: KubeMarine's check runs every 2 s and must fail twice, so a stopped HAProxy costs seconds.
"""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from labs import ROOT, TWINKEEL, Lab, twinkeel

DEADLINE = 600
ASIDE = "/var/lib/twinkeel/bench-aside"
OUT_OF_REACH_OF_OURS_MS = 1000


@pytest.fixture(scope="module")
def applied(api_lab: Lab) -> Lab:
    ended = api_lab.run("operator", ["twinkeel", "apply"])
    assert ended.returncode == 0, ended.stderr
    return api_lab


def require_ours(lab: Lab) -> None:
    """Our files are in force, every one of them, and nothing of the bench is left."""
    ended = lab.run("operator", ["twinkeel", "plan"])
    assert ended.returncode == 0, ended.stdout
    ended = lab.run("operator", ["twinkeel", "status"])
    assert ended.returncode == 0, ended.stdout
    for host in ("lb-1", "lb-2"):
        assert lab.run(host, ["test", "-e", ASIDE]).returncode == 1
        assert lab.run(host, ["ls", "/etc/systemd/system/haproxy.service.d"]).stdout == "twinkeel.conf\n"
        assert lab.run(host, ["systemctl", "is-active", "haproxy", "keepalived", "twinkeel-liveness"]).stdout == "active\n" * 3


def test_anothers_configuration_is_measured_and_ours_is_back(applied: Lab, tmp_path: Path) -> None:
    argv = ["twinkeel", "bench", "kubemarine", "--faults", "haproxy-stop", "--format", "json", "-o", str(tmp_path / "run")]
    ended = applied.run("client", argv)
    assert ended.returncode == 0, ended.stderr
    shown = json.loads(ended.stdout)
    (result,) = shown["results"]
    assert (result["configuration"], result["scenario"], result["trials"]) == ("kubemarine", "haproxy-stop", 1)
    assert (result["unknown"], result["never"]) == (0, 0)
    assert result["max_ms"] > OUT_OF_REACH_OF_OURS_MS
    assert [each["trouble"] for each in shown["configurations"]] == [""]
    assert "kubemarine" in (tmp_path / "run/bench.md").read_text()
    require_ours(applied)


def test_restore_after_a_bench_that_was_killed(applied: Lab, tmp_path: Path) -> None:
    argv = ["lab", "exec", "--name", applied.name, "client", "--", "twinkeel", "bench", "k0s", "--faults", "haproxy-stop"]
    with subprocess.Popen([TWINKEEL, *argv, "-o", str(tmp_path / "run")], stderr=subprocess.DEVNULL, cwd=ROOT) as bench:
        end = time.monotonic() + DEADLINE
        while not list((tmp_path / "run").glob("k0s/*/events.jsonl")):
            assert bench.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        os.kill(bench.pid, signal.SIGKILL)
    assert "k0s-vip-0" in applied.run("lb-1", ["cat", "/etc/keepalived/keepalived.conf"]).stdout
    assert applied.run("lb-2", ["test", "-e", ASIDE]).returncode == 0

    ended = twinkeel("lab", "exec", "--name", applied.name, "client", "--", "twinkeel", "bench", "restore", timeout=DEADLINE)
    assert ended.returncode == 0, ended.stderr
    assert "our own configuration is in force" in ended.stdout
    require_ours(applied)
