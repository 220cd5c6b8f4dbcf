"""A load balancer on a control-plane host: two ports of one machine, and the API is served through either load balancer."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from labs import Lab, make_lab

SPEC = """\
name: lab-shared
domain: lab-home.com
endpoint: {name: lb.lab-home.com, port: 8443, vip: 192.168.1.110/24}
load_balancers: {master-1: 192.168.1.101, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101}
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A small lab with a real API server on one of its load balancers, applied."""
    spec = tmp_path_factory.mktemp("shared") / "twinkeel.yaml"
    spec.write_text(SPEC)
    for lab in make_lab("test-shared", spec):
        ended = lab.run("operator", ["twinkeel", "apply"])
        assert ended.returncode == 0, ended.stdout + ended.stderr
        yield lab


def test_one_machine_is_load_balancer_and_control_plane(shared: Lab) -> None:
    ended = shared.run("operator", ["twinkeel", "status", "--format", "json"])
    seen = json.loads(ended.stdout)
    assert (ended.returncode, seen["healthy"], seen["problems"]) == (0, True, [])
    assert [each["name"] for each in seen["load_balancers"]] == ["master-1", "lb-2"]
    assert seen["control_plane"] == [{"name": "master-1", "ready": True}]
    ports = shared.run("master-1", ["ss", "-Hltn"]).stdout
    assert ":6443 " in ports
    assert ":8443 " in ports


def test_the_virtual_ip_leaves_the_shared_machine_while_its_api_server_goes_on(shared: Lab, tmp_path: Path) -> None:
    ended = shared.drill(tmp_path, "haproxy-stop", "haproxy-kill", "--budget", "5000")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    trials = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [trial["verdict"] for trial in trials] == ["pass", "pass"]
    assert {trial["holder_before"] for trial in trials} == {"master-1", "lb-2"}
