"""SSH goes to one address, the cluster talks on another."""

from collections.abc import Callable

from twinkeel.hosts.ssh_access import place
from twinkeel.render.render import render
from twinkeel.rollout.write_project import ssh_access
from twinkeel.topology.model import Topology

Edited = Callable[..., Topology]


def test_ansible_and_ssh_go_to_the_one_and_everything_else_to_the_other(build_edited: Edited) -> None:
    topology = build_edited(
        ("lb-1: 192.168.1.111", "lb-1: {address: 192.168.1.111, ssh_address: 198.51.100.11}"),
        ("master-1: 192.168.1.101", "master-1: {address: 192.168.1.101, ssh_address: 198.51.100.1, access_address: 203.0.113.1}"),
    )
    balancer = topology.load_balancers[0]
    assert ssh_access(balancer.machine)["ansible_host"] == "198.51.100.11"
    assert place(balancer.machine) == "lb-1 (root@198.51.100.11, port 22)"
    assert str(balancer.instances[0].source) == "192.168.1.111"
    rendered = render(topology)
    haproxy = next(file.content for file in rendered.hosts["lb-1"] if file.path.endswith("haproxy.cfg"))
    assert "server master-1 192.168.1.101:6443" in haproxy
    hosts = next(file.content for file in rendered.kubespray if file.path == "hosts.yaml")
    for line in ("ansible_host: 198.51.100.1", "ip: 192.168.1.101", "access_ip: 203.0.113.1"):
        assert line in hosts


def test_without_them_there_is_one_address(lab_home_topology: Topology) -> None:
    machine = lab_home_topology.control_plane[0]
    assert machine.ssh_address == machine.address
