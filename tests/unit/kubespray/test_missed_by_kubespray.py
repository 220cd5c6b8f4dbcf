"""Faults that Kubespray's own validation lets pass: `check` finds each, before a playbook runs."""

from pathlib import Path

import pytest

from twinkeel.source import SourceFile
from twinkeel.spec.load import load

EXAMPLE = Path(__file__).parents[3] / "examples/lab-home.yaml"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            "kubernetes: {", "kubernetes: {pod_network: 10.233.0.0/16, service_network: 10.233.0.0/18, ", id="networks-overlap"
        ),
        pytest.param("worker-2: 192.168.1.124", "worker-2: 192.168.1.115", id="address-twice"),
        pytest.param("vip: 192.168.1.110/24", "vip: 192.168.1.101/24", id="vip-is-a-node"),
        pytest.param("kubernetes: {", "kubernetes: {pod_network: 192.168.0.0/18, ", id="nodes-inside-the-pod-network"),
        pytest.param("kubernetes: {", "kubernetes: {service_network: 192.168.1.0/24, ", id="vip-inside-the-service-network"),
        pytest.param("worker-2: 192", "Worker-2: 192", id="upper-case"),
        pytest.param("worker-2: 192", "bastion: 192", id="bastion"),
        pytest.param("version: 1.35.4", "version: v1.35.4", id="version-with-a-v"),
        pytest.param("kubernetes: {", "kubernetes: {variables: {kube_vip_enabled: true}, ", id="two-owners-of-the-vip"),
        pytest.param("kubernetes: {", "kubernetes: {variables: {ignore_assert_errors: true}, ", id="no-asserts"),
    ],
)
def test_check_finds_it(old: str, new: str) -> None:
    text = EXAMPLE.read_text()
    assert text.count(old) == 1
    assert load(SourceFile("twinkeel.yaml", text)).spec is not None
    assert load(SourceFile("twinkeel.yaml", text.replace(old, new))).spec is None
