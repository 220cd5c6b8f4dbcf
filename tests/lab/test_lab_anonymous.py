"""A cluster whose API servers answer nobody without credentials: what `kubernetes.api_check` says is how all of ours asks."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from labs import Lab, make_lab

UNIT = "/etc/systemd/system/kube-apiserver.service"
DEADLINE = 60.0
SPEC = """\
name: closed
domain: lab-home.com
endpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101}
"""
CLOSE = f"""
sed -i 's/^ExecStart=.*kube-apiserver/& --anonymous-auth=false/' {UNIT}
systemctl daemon-reload && systemctl restart kube-apiserver
"""
ASK = "curl -sk -o /dev/null -w %{http_code} https://127.0.0.1:6443/readyz"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    spec = tmp_path_factory.mktemp("closed") / "twinkeel.yaml"
    spec.write_text(SPEC)
    for lab in make_lab("test-closed", spec):
        ended = lab.run("master-1", ["sh", "-c", CLOSE])
        assert ended.returncode == 0, ended.stderr
        end = time.monotonic() + DEADLINE
        while lab.run("master-1", ["sh", "-c", ASK]).stdout != "401":
            assert time.monotonic() < end, "the API server does not come back without anonymous requests"
            time.sleep(0.5)
        yield lab


def spec_of(lab: Lab, folder: Path, kubernetes: str) -> str:
    path = folder / "twinkeel.yaml"
    path.write_text(f"{lab.paths.spec_file.read_text()}kubernetes: {kubernetes}\n")
    return str(path)


def test_without_the_key_no_server_is_up_and_apply_says_so(closed: Lab, tmp_path: Path) -> None:
    ended = closed.run("operator", ["twinkeel", "apply", "-f", spec_of(closed, tmp_path, "{}")])
    assert ended.returncode == 3
    assert "kubernetes.api_check" in ended.stderr


CERTIFICATE = "/etc/haproxy/api-check.pem"


def put_certificate(lab: Lab) -> None:
    """As the person in charge puts it on the load balancers: readable by root alone."""
    pem = "".join((lab.paths.pki / f"apiserver-kubelet-client.{part}").read_text() for part in ("crt", "key"))
    for name in ("lb-1", "lb-2"):
        ended = lab.run(name, ["sh", "-c", f"umask 077; cat > {CERTIFICATE}"], stdin=pem)
        assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("check", ["{type: tcp}", "{status: 401}", f"{{client_certificate: {CERTIFICATE}}}"])
def test_with_it_the_cluster_is_served_and_drilled(closed: Lab, tmp_path: Path, check: str) -> None:
    put_certificate(closed)
    spec = spec_of(closed, tmp_path, f"{{api_check: {check}}}")
    ended = closed.run("operator", ["twinkeel", "apply", "-f", spec])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    status = closed.run("operator", ["twinkeel", "status", "-f", spec, "--format", "json"])
    seen = json.loads(status.stdout)
    assert seen["healthy"], status.stdout
    assert all(backend["status"] == "UP" for balancer in seen["load_balancers"] for backend in balancer["backends"])
    drilled = closed.drill(tmp_path, "haproxy-stop", "-f", spec, "--budget", "5000")
    assert drilled.returncode == 0, drilled.stdout + drilled.stderr
    assert json.loads(drilled.stdout)["verdict"] == "pass"
