"""Faults that Kubespray's own validation lets pass, or tells in words that nobody understands: `check` finds each of them first.

tests/kubespray/test_missed.py shows that Kubespray lets them pass.
"""

import pytest

from twinkeel.source import SourceFile
from twinkeel.spec.load import load

SPEC = """\
name: lab
domain: example.org
endpoint: {name: api.example.org, port: 6443, vip: 10.1.0.100/24}
load_balancers: {lb-1: 10.1.0.1, lb-2: 10.1.0.2}
control_plane: {cp-1: 10.1.0.11, cp-2: 10.1.0.12, cp-3: 10.1.0.13}
workers: {w-1: 10.1.0.21}
kubernetes: {version: 1.35.4, kubespray: v2.31.0}
"""
SIX = """\
name: six
domain: example.org
endpoint: {name: api.example.org, vip: "fd00:1::100/64"}
load_balancers: {lb-1: "fd00:1::1", lb-2: "fd00:1::2"}
control_plane: {cp-1: "fd00:1::11", cp-2: "fd00:1::12", cp-3: "fd00:1::13"}
kubernetes: {kubespray: v2.31.0, version: 1.35.4, pod_network6: "fd01::/112", service_network6: "fd02::/116"}
"""


def kubernetes(settings: str) -> tuple[str, str]:
    return ("kubernetes: {", f"kubernetes: {{{settings}, ")


# What is wrong -> the spec, the edit that breaks it, and the code that `check` gives it.
FAULTS = {
    "pod and service networks overlap": (SPEC, kubernetes("pod_network: 10.233.0.0/16, service_network: 10.233.0.0/18"), "S029"),
    "one address for two hosts": (SPEC, ("w-1: 10.1.0.21", "w-1: 10.1.0.13"), "S021"),
    "the virtual IP is a node's address": (SPEC, ("vip: 10.1.0.100", "vip: 10.1.0.11"), "S025"),
    "the virtual IP is in the pod network": (SPEC, kubernetes("pod_network: 10.1.0.64/26"), "S028"),
    "the virtual IP is in the service network": (SPEC, kubernetes("service_network: 10.1.0.64/26"), "S028"),
    "a node is in the pod network": (SPEC, kubernetes("pod_network: 10.1.0.16/28"), "S028"),
    "a node is in the service network": (SPEC, kubernetes("service_network: 10.1.0.16/28"), "S028"),
    "a name in upper case": (SPEC, ("w-1:", "W-1:"), "S015"),
    "a host called bastion": (SPEC, ("w-1:", "bastion:"), "S034"),
    "a version with a v": (SPEC, ("version: 1.35.4", "version: v1.35.4"), "S037"),
    "two owners of the virtual IP": (
        SPEC,
        kubernetes("variables: {kube_vip_enabled: true, kube_vip_controlplane_enabled: true}"),
        "S083",
    ),
    "the asserts are switched off": (SPEC, kubernetes("variables: {ignore_assert_errors: true}"), "S079"),
    "a proxy on every node is the endpoint": (SPEC, kubernetes("variables: {loadbalancer_apiserver_localhost: true}"), "S079"),
    "HAProxy and the API server want one port": (SPEC, ("lb-1: 10.1.0.1,", "cp-1: 10.1.0.11,"), "S022"),
    "an IPv6 endpoint without a name": (SIX, ("api.example.org", '"fd00:1::100"'), "S015"),
    "an IPv6 endpoint with the name of an IPv4 address": (SIX, ("api.example.org", "10.1.0.100"), "S046"),
    "no IPv4, and v2.26": (SIX, ("v2.31.0, version: 1.35.4", "v2.26.0, version: 1.30.4"), "S082"),
    "no IPv4, and v2.27": (SIX, ("v2.31.0, version: 1.35.4", "v2.27.1, version: 1.31.9"), "S082"),
}


@pytest.mark.parametrize("spec", [SPEC, SIX], ids=["ipv4", "ipv6"])
def test_without_a_fault_the_spec_is_good(spec: str) -> None:
    assert load(SourceFile("twinkeel.yaml", spec)).diagnostics == ()


@pytest.mark.parametrize("fault", FAULTS)
def test_check_finds_it(fault: str) -> None:
    spec, (old, new), code = FAULTS[fault]
    assert spec.count(old) == 1
    loaded = load(SourceFile("twinkeel.yaml", spec.replace(old, new)))
    assert loaded.spec is None
    assert code in {diagnostic.code for diagnostic in loaded.diagnostics if diagnostic.severity == "error"}
