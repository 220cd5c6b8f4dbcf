"""IPv6 alone, and IPv4 and IPv6 side by side: everything that a user does with a cluster, with the real daemons."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from labs import Lab, make_lab

# Milliseconds. Any machine, however busy: what is measured belongs to benchmarks.
BUDGET = "5000"
NETWORKS = 'kubernetes: {pod_network6: "fd85:ee78:d8a6:8607::1:0/112", service_network6: "fd85:ee78:d8a6:8607::1000/116"}\n'
SIX = f"""\
name: six
domain: six.example.net
endpoint: {{name: api.six.example.net, vip: "fd00:32::10/64"}}
load_balancers: {{lb-1: "fd00:32::11", lb-2: "fd00:32::12"}}
control_plane: {{cp-1: "fd00:32::21"}}
workers: {{w-1: "fd00:32::31"}}
{NETWORKS}"""
DUAL = f"""\
name: dual
domain: example.org
endpoint: {{name: api.example.org, vips: [192.168.1.110/24, "fd00:1::110/64"]}}
load_balancers:
  lb-1: {{address: 192.168.1.111, address6: "fd00:1::111"}}
  lb-2: {{address: 192.168.1.112, address6: "fd00:1::112"}}
control_plane: {{master-1: {{address: 192.168.1.101, address6: "fd00:1::101"}}}}
workers: {{worker-1: {{address: 192.168.1.121, address6: "fd00:1::121"}}}}
{NETWORKS}"""


SPECS = {"ipv6-only": SIX, "dual-stack": DUAL}


@pytest.fixture(scope="module", params=SPECS)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Applied twice: before anything serves, and on a pair that serves."""
    spec = tmp_path_factory.mktemp("ipv6") / "twinkeel.yaml"
    spec.write_text(SPECS[request.param])
    for made in make_lab(f"test-{request.param}", spec):
        for _ in range(2):
            ended = made.run("operator", ["twinkeel", "apply"])
            assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "nothing to change" in ended.stdout
        yield made


def answer(lab: Lab, *argv: str) -> Any:
    ended = lab.run("operator", ["twinkeel", *argv, "--format", "json"])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_the_api_is_ready_through_every_virtual_ip(lab: Lab) -> None:
    seen = answer(lab, "status")
    assert [(vip["address"], vip["ready"]) for vip in seen["vips"]] == [(str(vip.ip), True) for vip in lab.layout.vips]


def test_a_switchover_moves_every_virtual_ip_of_the_holder(lab: Lab) -> None:
    before = {vip["address"]: vip["holders"] for vip in answer(lab, "status")["vips"]}
    target = next(name for name in ("lb-1", "lb-2") if [name] != before[str(lab.layout.vip.ip)])
    answer(lab, "switchover", "--to", target)
    assert {tuple(vip["holders"]) for vip in answer(lab, "status")["vips"]} == {(target,)}


def test_kubectl_works_with_the_kubeconfig(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    written = answer(lab, "kubeconfig", "-o", str(path))
    assert (f"[{lab.layout.vip.ip}]" if lab.layout.vip.version == 6 else f"{lab.layout.vip.ip}") in written["server"]
    ended = lab.run("operator", ["kubectl", "--kubeconfig", str(path), "get", "--raw", "/readyz"])
    assert (ended.returncode, ended.stdout) == (0, "ok"), ended.stderr


def test_the_three_default_drills(lab: Lab, tmp_path: Path) -> None:
    ended = lab.drill(tmp_path, "--budget", BUDGET)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    trials = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(trial["scenario"], trial["verdict"]) for trial in trials] == [
        ("reboot-holder", "pass"),
        ("haproxy-stop", "pass"),
        ("power-loss", "pass"),
    ]
