"""scripts/e2e where it cannot run, and its prober, which must see a failed request."""

import importlib
import os
import re
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from twinkeel.lab.kubernetes.certificates import Authority

ROOT = Path(__file__).parents[3]
SERVER = ROOT / "tests/process/drill/https_server.py"


def test_without_a_fetched_release_it_says_so_and_touches_nothing(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "KUBESPRAY_DIR"}
    for folder in (None, tmp_path):
        given = environment if folder is None else {**environment, "KUBESPRAY_DIR": str(folder)}
        ended = subprocess.run([ROOT / "scripts/e2e"], env=given, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (3, "")
        assert "KUBESPRAY_DIR does not name a folder with Kubespray v2.16.0" in ended.stderr


def test_the_prober_tells_good_answers_from_all_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    cluster = importlib.import_module("e2e_cluster")
    authority = Authority("tried")
    pair = authority.issue("api.test", ("server",), names=["api.test"])
    (tmp_path / "server.pem").write_bytes(pair.certificate + pair.key)
    context = ssl.create_default_context(cadata=authority.pair.certificate.decode())
    with subprocess.Popen([sys.executable, SERVER, tmp_path / "server.pem"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        assert cluster.ask(context, "127.0.0.1", port, "api.test") == ""
        assert "CERTIFICATE_VERIFY_FAILED" in cluster.ask(context, "127.0.0.1", port, "other.test")
        server.kill()
        server.wait()
        assert "ConnectionRefusedError" in cluster.ask(context, "127.0.0.1", port, "api.test")


def test_the_prober_counts_what_failed(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(Authority("tried").pair.certificate)
    argv = [sys.executable, str(ROOT / "scripts/e2e_cluster.py"), "127.0.0.1", "1", "api.test", str(tmp_path / "ca.crt")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as prober:
        assert prober.stdout is not None
        assert prober.stdout.readline() == "asks api.test at 127.0.0.1 port 1\n"
        prober.send_signal(signal.SIGTERM)
        said, _ = prober.communicate(timeout=60)
    found = re.search(r"(\d+) requests, (\d+) failed", said)
    assert found is not None, said
    assert found[1] == found[2]


def test_the_workload_and_the_settings_that_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    cluster = importlib.import_module("e2e_cluster")
    documents = list(YAML(typ="safe").load_all(cluster.WORKLOAD.format(registry="192.0.2.1:8481", node_port=30080)))
    assert [document["kind"] for document in documents] == ["Deployment", "Service"]
    settings = cluster.global_settings()
    assert settings["vm/overcommit_memory"] == Path("/proc/sys/vm/overcommit_memory").read_text().strip()
