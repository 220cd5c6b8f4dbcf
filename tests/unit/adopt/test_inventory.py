"""A Kubespray inventory beside the pair's files: ours comes back byte for byte, and of others' nothing is lost without a word."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from specs import specs
from test_import_details import pair_files
from test_round_trip import OF_BGP, SECRETS, SPECS, TRACELESS

from twinkeel.adopt.adopt import Adopted, adopt
from twinkeel.adopt.compare import inventory_of
from twinkeel.adopt.inventory import parse_inventory
from twinkeel.adopt.notes import Given
from twinkeel.adopt.pair_files import pair_of
from twinkeel.errors import SpecError, UsageError
from twinkeel.render.files import RenderedFiles
from twinkeel.render.render import render
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build

HOSTS = """\
all:
  hosts:
    node1: {ansible_host: 10.0.0.1, ip: 10.0.0.1, ansible_user: admin}
    node2: {ansible_host: 10.0.0.2, ip: 10.0.0.2, ansible_user: admin, node_labels: {zone: a}}
    node3: {ansible_host: 198.51.100.3, ip: 10.0.0.3, ansible_user: admin}
    node4: {ansible_host: 10.0.0.4, ansible_user: root}
  children:
    kube_control_plane: {hosts: {node1: , node2: , node3: }}
    etcd: {hosts: {node1: , node2: , node3: }}
    kube_node: {hosts: {node4: }}
    calico_rr: {hosts: {node4: }}
"""
ALL = """\
apiserver_loadbalancer_domain_name: "api.lab.example"
loadbalancer_apiserver: {address: 10.0.0.10, port: 6443}
loadbalancer_apiserver_localhost: true
upstream_dns_servers: [10.0.0.53]
containerd_registry_auth_password: hunter2hunter2
"""
CLUSTER = """\
kube_version: 1.34.3
kube_network_plugin: cilium
kube_pods_subnet: 10.244.0.0/16
supplementary_addresses_in_ssl_keys: [api.lab.example, old.lab.example]
kube_proxy_mode: ipvs
kube_apiserver_pod_eviction_not_ready_timeout_seconds: 60
"""


def imported(hosts: str = HOSTS, everywhere: str = ALL, cluster: str = CLUSTER) -> tuple[dict[str, Any], Adopted]:
    groups = [("all", SourceFile("all.yml", everywhere)), ("k8s_cluster", SourceFile("k8s.yml", cluster))]
    inventory = parse_inventory(SourceFile("hosts.yaml", hosts), groups)
    files = pair_files()
    adopted = adopt(pair_of(files), files, Given(inventory=inventory))
    return yaml.safe_load(adopted.text), adopted


def test_a_foreign_inventory_names_the_nodes_and_the_cluster() -> None:
    spec, _ = imported()
    assert spec["endpoint"]["name"] == "api.lab.example"
    assert spec["control_plane"] == {
        "node1": "10.0.0.1",
        "node2": "10.0.0.2",
        "node3": {"address": "10.0.0.3", "ssh_address": "198.51.100.3"},
    }
    assert spec["workers"] == {"node4": {"address": "10.0.0.4", "ssh_user": "root"}}
    assert spec["ssh"] == {"user": "admin"}
    assert spec["dns"] == {"upstream": ["10.0.0.53"]}
    kubernetes = spec["kubernetes"]
    assert kubernetes["version"] == "1.34.3"
    assert kubernetes["node_names"] == "short"
    assert kubernetes["certificate_names"] == ["old.lab.example"]
    assert kubernetes["variables"] == {"kube_proxy_mode": "ipvs", "kube_apiserver_pod_eviction_not_ready_timeout_seconds": 60}
    assert kubernetes["schedule_on_control_plane"] is False


def test_what_an_inventory_says_beyond_a_spec_is_told() -> None:
    _, adopted = imported()
    told = {(str(each.place).rpartition(":")[0], each.what): each.instead for each in adopted.left}
    assert told["all.yml:3", "loadbalancer_apiserver_localhost: True"] == "`loadbalancer_apiserver_localhost: False`"
    assert ("hosts.yaml:4", "node_labels: {'zone': 'a'}") in told
    assert ("hosts.yaml:11", "calico_rr") in told
    assert ("all.yml:5", "containerd_registry_auth_password: ********") in told
    assert "hunter2" not in adopted.text + repr(told)


@pytest.mark.parametrize("text", ["[all]\nnode1 ansible_host=10.0.0.1\n", "- a\n- b\n", "a: [", "", "all: {hosts: 5}"])
def test_what_is_no_inventory_is_said(text: str) -> None:
    with pytest.raises(UsageError):
        imported(hosts=text)


def assert_comes_back(text: str) -> None:
    before = rendered(text)
    files = {host: {file.path: file.content for file in each} for host, each in before.hosts.items()}
    adopted = adopt(pair_of(files), files, Given(inventory=inventory_of(before.kubespray), secrets=replace(SECRETS)))
    assert rendered(adopted.text) == before
    assert [(str(each.place), each.what) for each in adopted.left] == []


def rendered(text: str) -> RenderedFiles:
    loaded = load(SourceFile("twinkeel.yaml", text))
    assert loaded.spec is not None, [item for item in loaded.diagnostics if item.severity == "error"]
    return render(build(loaded.spec, Path("/")), "verified", SECRETS)


@pytest.mark.parametrize("name", sorted({path.stem for path in SPECS.glob("*.yaml")} - TRACELESS - OF_BGP))
def test_golden_inventories_come_back(name: str) -> None:
    assert_comes_back((SPECS / f"{name}.yaml").read_text())


CLUSTERS = st.fixed_dictionaries(
    {},
    optional={
        "network_plugin": st.sampled_from(["cilium", "flannel"]),
        "pod_network": st.just("10.240.0.0/14"),
        "certificate_names": st.just(["other.example.org", "192.0.2.7"]),
        "schedule_on_control_plane": st.booleans(),
        "node_names": st.sampled_from(["full", "short"]),
        "api_server": st.fixed_dictionaries(
            {},
            optional={
                "shutdown_delay": st.sampled_from([0, 7.5, 20]),
                "goaway_chance": st.sampled_from([0, 0.02]),
                "etcd": st.sampled_from(["own", "all"]),
            },
        ),
        "variables": st.fixed_dictionaries(
            {},
            optional={"kube_proxy_mode": st.just("ipvs"), "some": st.just({"a": [1, "two", {"b": None}], "on": True, "c": "0x1"})},
        ),
    },
)


@settings(max_examples=40)
@given(text=specs(), cluster=CLUSTERS)
def test_generated_clusters_come_back(text: str, cluster: dict[str, Any]) -> None:
    values = yaml.safe_load(text)
    values["kubernetes"] = {**values.get("kubernetes", {}), **cluster}
    text = yaml.safe_dump(values, sort_keys=False)
    loaded = load(SourceFile("twinkeel.yaml", text))
    assume(loaded.spec is not None)
    try:
        rendered(text)
    except SpecError:
        assume(False)
    assert_comes_back(text)
