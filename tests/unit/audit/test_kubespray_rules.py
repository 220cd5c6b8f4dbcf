"""Near misses of the rules about inventories: templates, names, IPv6, INI, a folder of variables, comments."""

from pathlib import Path

import pytest

from twinkeel.audit.audit import audit
from twinkeel.audit.example_cluster import GROUP_VARS, HAPROXY, INVENTORY, KEEPALIVED
from twinkeel.audit.examples import example_pair
from twinkeel.audit.given_files.pair import read_pair
from twinkeel.audit.registry import KUBESPRAY
from twinkeel.audit.rule import Example

INI = """\
[kube_control_plane]
cp-1 ip=192.168.1.101
cp-2 ip=192.168.1.102
[etcd:children]
kube_control_plane
[all:vars]
loadbalancer_apiserver={"address": "192.168.1.110", "port": 8443}
"""


def rules(**files: str) -> set[str]:
    example = Example(**{"haproxy": HAPROXY, "keepalived": KEEPALIVED, "inventory": INVENTORY, "group_vars": GROUP_VARS} | files)
    return {each.rule.name for each in audit(example_pair(example), KUBESPRAY).found}


def test_the_cluster_of_the_examples_is_as_it_should_be() -> None:
    assert rules() == set()


@pytest.mark.parametrize(
    ("group_vars", "found"),
    [
        (GROUP_VARS.replace("192.168.1.110", '"{{ vip }}"'), set()),
        (GROUP_VARS.replace("6443", '"{{ port }}"'), set()),
        (GROUP_VARS.replace("6443", '"6443"'), set()),
        (GROUP_VARS.replace("  port: 6443", "kube_apiserver_port: 7443"), {"load-balancer-port"}),
        ('loadbalancer_apiserver: "{{ balancer }}"\napiserver_loadbalancer_domain_name: x\n', set()),
        (GROUP_VARS.replace("  address: 192.168.1.110\n", ""), {"certificate-without-vip"}),
        (GROUP_VARS.replace("  address: 192.168.1.110", "  x: 1") + "supplementary_addresses_in_ssl_keys: ['{{ vip }}']\n", set()),
        (GROUP_VARS + "kube_pods_subnet: 192.168.0.0/16\n", {"overlapping-networks"}),
        (GROUP_VARS + "kube_pods_subnet: 10.233.0.0/16\n", {"overlapping-networks"}),
        (GROUP_VARS + "kube_pods_subnet: fd00::/64\n", set()),
        (GROUP_VARS + "kube_vip_enabled: true\nkube_vip_controlplane_enabled: true\nkube_vip_address: 192.168.1.9\n", set()),
        (GROUP_VARS + 'loadbalancer_apiserver_localhost: "True"\n', {"local-and-external-balancer"}),
        ("", {"no-load-balancer", "certificate-without-vip"}),
    ],
)
def test_variables(group_vars: str, found: set[str]) -> None:
    assert rules(group_vars=group_vars) == found


@pytest.mark.parametrize(
    ("inventory", "found"),
    [
        # By name nothing can be said; by access_ip and ansible_host it can.
        (INVENTORY.replace("{ip: 192.168.1.101}", "{}"), set()),
        (INVENTORY.replace("ip: 192.168.1.101", "access_ip: 192.168.1.101, ip: 10.0.0.1"), set()),
        (INVENTORY.replace("ip: 192.168.1.101", "ansible_host: 192.168.1.101"), set()),
        (INVENTORY.replace("ip: 192.168.1.101", "ip: 192.168.1.99"), {"servers-and-control-plane"}),
        (INVENTORY.replace("kube_control_plane", "kube-master"), set()),
        (INVENTORY.replace("192.168.1.101", "192.168.1.102"), {"duplicate-node-address", "servers-and-control-plane"}),
    ],
)
def test_hosts(inventory: str, found: set[str]) -> None:
    assert rules(inventory=inventory) == found


def test_servers_by_name_are_not_judged() -> None:
    assert rules(haproxy=HAPROXY.replace("192.168.1.101:", "cp-1.example.org:")) == set()


def test_files_on_disk(tmp_path: Path) -> None:
    files = {
        "lb-1/haproxy.cfg": f"global\n{HAPROXY}",
        "lb-1/keepalived.conf": KEEPALIVED,
        "inventory/mine/inventory.ini": INI,
        "inventory/mine/group_vars/k8s_cluster/k8s.yml": "unused: 1\n",
        "inventory/mine/group_vars/all/all.yml": "apiserver_loadbalancer_domain_name: x\n",
        "inventory/mine/host_vars/cp-2.yml": "ip: 192.168.1.103\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    pair = read_pair([str(tmp_path)])
    assert [host.name for host in pair.hosts] == ["lb-1"]
    (inventory,) = pair.inventories
    assert sorted(Path(source.name).name for source in inventory.sources) == ["all.yml", "cp-2.yml", "inventory.ini"]
    found = {each.rule.name: str(each.finding.place) for each in audit(pair, KUBESPRAY).found}
    assert found == {
        "load-balancer-port": f"{tmp_path}/inventory/mine/inventory.ini:7:24",
        "even-etcd": f"{tmp_path}/inventory/mine/inventory.ini:4:2",
        "servers-and-control-plane": f"{tmp_path}/lb-1/haproxy.cfg:7:17",
    }
    # Together with another one of the folder only the first is taken, and that is told.
    (tmp_path / "inventory/mine/hosts.yaml").write_text(INVENTORY)
    pair = read_pair([str(tmp_path)])
    assert [Path(each.main.name).name for each in pair.inventories] == ["hosts.yaml"]
    assert any(name.endswith("inventory.ini") and "left out" in why for name, why in pair.notes)
    both = read_pair([str(tmp_path / "inventory/mine" / name) for name in ("inventory.ini", "hosts.yaml")])
    assert len(both.inventories) == 2


def test_a_comment_leaves_out_what_an_inventory_has() -> None:
    inventory = INVENTORY.replace(
        "    etcd:\n      children: {kube_control_plane: }",
        "    # twinkeel: ignore[even-etcd] a test\n    etcd: {hosts: {cp-1: , cp-2: }}",
    )
    outcome = audit(example_pair(Example(inventory=inventory)), KUBESPRAY)
    assert ([each.rule.name for each in outcome.found], [by.reason for _, by in outcome.suppressed]) == ([], ["a test"])
