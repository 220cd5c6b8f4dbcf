"""The inventory of an import: of the same cluster, YAML and INI form say the same."""

from pathlib import Path

import pytest

from twinkeel.adopt.inventory import GROUPS
from twinkeel.app.import_inventory import read_inventory
from twinkeel.errors import UsageError

YAML = """\
all:
  hosts:
    node1: {ansible_host: 10.0.0.1, ip: 10.0.0.1, ansible_user: admin}
    node2: {ansible_host: 10.0.0.2, ip: 10.0.0.2, ansible_port: 2222}
    node3: {ansible_host: 10.0.0.3}
  vars: {cluster_name: lab.example, http_proxy: ""}
  children:
    kube_control_plane: {hosts: {node1: , node2: }}
    etcd: {hosts: {node1: }}
    kube_node: {hosts: {node3: }, vars: {node_taints: none}}
    k8s_cluster: {children: {kube_control_plane: , kube_node: }}
"""
INI = """\
# the same
[all]
node1 ansible_host=10.0.0.1 ip=10.0.0.1 ansible_user=admin
node2 ansible_host=10.0.0.2 ip=10.0.0.2 ansible_port=2222
node3 ansible_host=10.0.0.3

[all:vars]
cluster_name=lab.example
http_proxy=""

[kube_control_plane]
node[1:2]

[etcd]
node1

[kube_node]
node3

[kube_node:vars]
node_taints=none

[k8s_cluster:children]
kube_control_plane
kube_node
"""
VARIABLES = {
    "all/all.yml": "loadbalancer_apiserver: {address: 10.0.0.10, port: 6443}\n",
    "k8s_cluster/k8s-cluster.yml": "kube_version: 1.35.4\nkube_pods_subnet: 10.244.0.0/16\n",
    "etcd.yml": "etcd_deployment_type: host\n",
}


def folder_with(folder: Path, name: str, text: str) -> Path:
    for path, content in {name: text, **{f"group_vars/{path}": content for path, content in VARIABLES.items()}}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    yaml = read_inventory(folder_with(tmp_path / "yaml", "hosts.yaml", YAML))
    ini = read_inventory(folder_with(tmp_path / "ini", "inventory.ini", INI))
    assert ini.hosts.keys() == yaml.hosts.keys() == {"node1", "node2", "node3"}
    for name, variables in yaml.hosts.items():
        assert {each.name: each.value for each in ini.hosts[name].values()} == {
            each.name: each.value for each in variables.values()
        }
    for group in GROUPS:
        assert ini.members(group) == yaml.members(group) != []
    names = {"cluster_name", "http_proxy", "loadbalancer_apiserver", "kube_version", "kube_pods_subnet"}
    assert ini.variables.keys() == yaml.variables.keys() == names
    assert {name: ini.value(name) for name in names} == {name: yaml.value(name) for name in names}
    others = {("node_taints", "none"), ("etcd_deployment_type", "host")}
    assert {(each.name, each.value) for each in ini.others} == {(each.name, each.value) for each in yaml.others} == others


@pytest.mark.parametrize(("name", "text"), [("hosts.yaml", YAML), ("inventory.ini", INI)])
def test_what_ansible_vault_encrypted_is_a_secret(tmp_path: Path, name: str, text: str) -> None:
    folder = folder_with(tmp_path, name, text)
    (folder / "group_vars/all/vault.yml").write_text("own: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nplain: 3\n")
    found = read_inventory(folder).variables
    assert (found["own"].secret, found["plain"].secret) == (True, False)


def test_places_are_those_of_the_file(tmp_path: Path) -> None:
    ini = read_inventory(folder_with(tmp_path, "inventory.ini", INI))
    place = ini.variables["cluster_name"].place
    assert (Path(place.source.name).name, place.span.line) == ("inventory.ini", 8)


@pytest.mark.parametrize("text", ["", "# nothing\n", "[all]\n"], ids=["empty", "a comment", "a group"])
def test_an_inventory_without_hosts_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="no host is in this inventory"):
        read_inventory(folder_with(tmp_path, "inventory.ini", text))


def test_a_folder_without_one_names_what_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no inventory") as caught:
        read_inventory(tmp_path)
    assert "inventory.ini" in str(caught.value)
