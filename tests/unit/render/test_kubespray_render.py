"""What Kubespray is told, per release line, and YAML that Ansible reads as it was meant."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml as yaml_1_1
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel.render.kubespray import render_kubespray
from twinkeel.render.yaml_text import block, scalar
from twinkeel.source import SourceFile
from twinkeel.spec.kubespray_releases import LINES, RELEASES, release_line, table_support
from twinkeel.spec.kubespray_variables import RESERVED_VARIABLES
from twinkeel.spec.load import load
from twinkeel.topology.api_server import VARIABLE
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

SPECS = Path(__file__).parents[2] / "kubespray" / "specs"


def rendered(name: str, tag: str = "v2.31.0") -> dict[str, Any]:
    """Path -> what a YAML 1.1 reader, as Ansible is one, understands; inventory.ini as text."""
    spec = load(SourceFile(f"{name}.yaml", (SPECS / f"{name}.yaml").read_text())).spec
    assert spec is not None
    spec = spec.model_copy(update={"kubernetes": spec.kubernetes.model_copy(update={"kubespray": tag})})
    files = {file.path: file.content for file in render_kubespray(build(spec, Path("/srv")))}
    return {path: text if path.endswith(".ini") else yaml_1_1.safe_load(text) for path, text in files.items()}


def variables(files: dict[str, Any]) -> dict[str, Any]:
    return {**files["group_vars/all/all.yml"], **files["group_vars/k8s_cluster/k8s-cluster.yml"]}


def members(files: dict[str, Any], group: str) -> list[str]:
    return [name.split(".")[0] for name in files["hosts.yaml"]["all"]["children"][group]["hosts"]]


def test_a_separate_etcd_and_a_control_plane_without_workloads() -> None:
    files = rendered("separate-etcd")
    assert members(files, "kube_control_plane") == ["on", "no", "off"]
    assert members(files, "etcd") == ["012", "1e3", "true"]
    assert members(files, "kube_node") == ["null", "y"]
    hosts = files["hosts.yaml"]["all"]["hosts"]
    assert [host.get("etcd_member_name") for host in hosts.values()] == [None] * 3 + ["012", "1e3", "true"] + [None] * 2
    assert hosts["y.apart.example.org"]["ansible_user"] == "on"
    assert "etcd_member_name='\"012\"'" in files["inventory.ini"]
    assert variables(files)["enable_nodelocaldns"] is False


def test_load_balancers_on_the_control_plane() -> None:
    files = rendered("co-located")
    assert members(files, "kube_node") == members(files, "kube_control_plane") == ["cp-1", "cp-2", "cp-3"]
    values = variables(files)
    assert (values["loadbalancer_apiserver"]["port"], values["kube_apiserver_port"]) == (8443, 6443)
    assert values["upstream_dns_servers"] == ["10.30.0.53", "10.30.1.53"]
    names = values["supplementary_addresses_in_ssl_keys"]
    assert names[-2:] == ["api.example.org", "203.0.113.9"]
    assert len(names) == len(set(names)) == 10
    passed = files["group_vars/all/variables.yml"]
    assert passed["kubelet_max_pods"] == 200
    assert passed["node_labels"] == {"on": "yes", "size": "012"}
    mirror = {"host": "https://registry.example.org", "capabilities": ["pull", "resolve"], "skip_verify": False}
    assert passed["containerd_registries_mirrors"] == [{"prefix": "docker.io", "mirrors": [mirror]}]


def test_the_user_s_arguments_of_api_servers_stand_with_ours(build_edited: Callable[..., Topology]) -> None:
    """group_vars/k8s_cluster wins over group_vars/all: two places would mean that ours alone count."""
    own = "{shutdown-delay-duration: 15s, default-not-ready-toleration-seconds: 30}"
    edit = ("network_plugin: calico}", f"variables: {{kube_kubeadm_apiserver_extra_args: {own}, kubelet_max_pods: 200}}}}")
    files = {file.path: file.content for file in render_kubespray(build_edited(edit))}
    assert yaml_1_1.safe_load(files["group_vars/all/variables.yml"]) == {"kubelet_max_pods": 200}
    assert yaml_1_1.safe_load(files["group_vars/k8s_cluster/k8s-cluster.yml"])["kube_kubeadm_apiserver_extra_args"] == {
        "default-not-ready-toleration-seconds": 30,
        "etcd-servers": "https://127.0.0.1:2379",
        "goaway-chance": "0.001",
        "shutdown-delay-duration": "15s",
        "shutdown-send-retry-after": "true",
    }


def test_a_template_for_all_arguments_of_api_servers_is_not_undone(build_edited: Callable[..., Topology]) -> None:
    edit = ("network_plugin: calico}", "variables: {kube_kubeadm_apiserver_extra_args: '{{ mine }}'}}")
    files = {file.path: yaml_1_1.safe_load(file.content) for file in render_kubespray(build_edited(edit)) if "vars" in file.path}
    assert "kube_kubeadm_apiserver_extra_args" not in files["group_vars/k8s_cluster/k8s-cluster.yml"]
    assert files["group_vars/all/variables.yml"] == {"kube_kubeadm_apiserver_extra_args": "{{ mine }}"}


@pytest.mark.parametrize(
    ("tag", "stack", "version"),
    [
        ("v2.26.0", {"enable_dual_stack_networks": True}, "v1.35.4"),
        ("v2.27.1", {"enable_dual_stack_networks": True}, "v1.35.4"),
        ("v2.28.0", {"ipv4_stack": True, "ipv6_stack": True}, "1.35.4"),
        ("v2.31.0", {"ipv4_stack": True, "ipv6_stack": True}, "1.35.4"),
    ],
)
def test_what_differs_between_release_lines(tag: str, stack: dict[str, bool], version: str) -> None:
    files = rendered("dual-stack", tag)
    values = variables(files)
    names = ("ipv4_stack", "ipv6_stack", "enable_dual_stack_networks")
    assert {key: values[key] for key in names if key in values} == stack
    assert values["kube_version"] == version
    host = files["hosts.yaml"]["all"]["hosts"]["cp-1.dual.example.org"]
    assert [host[key] for key in ("ip", "access_ip", "ip6", "access_ip6")] == ["10.40.0.11"] * 2 + ["fd00:40::11"] * 2
    assert values["supplementary_addresses_in_ssl_keys"][:3] == ["10.40.0.100", "fd00:40::100", "api.dual.example.org"]


def test_what_was_read_of_a_release_decides_and_not_its_tag() -> None:
    loaded = load(SourceFile("dual-stack.yaml", (SPECS / "dual-stack.yaml").read_text())).spec
    assert loaded is not None
    release = replace(table_support("v2.31.0"), version_prefix="v", stack_switches=False)
    files = {file.path: file.content for file in render_kubespray(build(loaded, Path("/srv"), release))}
    text = files["group_vars/k8s_cluster/k8s-cluster.yml"] + files["group_vars/all/all.yml"]
    assert f'kube_version: "v{loaded.kubernetes.version}"' in text
    assert "enable_dual_stack_networks: true" in text
    assert "ipv6_stack" not in text


def test_a_cluster_without_ipv4() -> None:
    files = rendered("ipv6-alone")
    values = variables(files)
    assert (values["ipv4_stack"], values["ipv6_stack"]) == (False, True)
    host = files["hosts.yaml"]["all"]["hosts"]["w-1.six.example.org"]
    assert (host["ansible_host"], host["ip6"], "ip" in host) == ("fd00:60::21", "fd00:60::21", False)


def test_the_line_of_a_tag() -> None:
    assert [release_line(tag).line for tag in ("v2.25.0", "v2.28.1", "2.29.0", "v2.99.0", "master", "v3.0.0")] == [
        (2, 26),
        (2, 28),
        (2, 29),
        (2, 32),
        (2, 32),
        (2, 32),
    ]
    assert {release_line(tag).line for tag in RELEASES} == {line.line for line in LINES}
    assert table_support("master").stack_switches


def test_every_variable_that_we_write_is_refused_from_the_user() -> None:
    written: set[str] = set()
    for name in ("co-located", "dual-stack", "ipv6-alone", "separate-etcd"):
        for tag in ("v2.26.0", "v2.31.0"):
            files = rendered(name, tag)
            written |= set(variables(files)).union(*files["hosts.yaml"]["all"]["hosts"].values())
    # The one that holds several values: the user's stand beside ours.
    assert written - {VARIABLE} <= set(RESERVED_VARIABLES)


values_ = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8"), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text("abcdefgh_", min_size=1, max_size=6), values_, max_size=4))
def test_what_is_written_is_what_ansible_reads(values: dict[str, Any]) -> None:
    assert (yaml_1_1.safe_load(block(values)) or {}) == values


@pytest.mark.parametrize(
    "word", ["no", "On", "y", "null", "~", "012", "1e3", "1:20", "0x1f", "1_000", "", " ", "=", "<<", "a: b", "a #b"]
)
def test_words_that_mean_something_else_are_quoted(word: str) -> None:
    assert yaml_1_1.safe_load(scalar(word)) == word


def test_words_that_need_no_quotes_have_none() -> None:
    assert [scalar(word) for word in ("calico", "10.0.0.1", "10.0.0.0/24", "lb.lab-home.com")] == [
        "calico",
        "10.0.0.1",
        "10.0.0.0/24",
        "lb.lab-home.com",
    ]
