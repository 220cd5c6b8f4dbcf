"""What stands in a playbook's way, asked of a real network: a namespace with addresses, routes, names and a listener of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from twinkeel.errors import HostError
from twinkeel.hosts.executor import CommandResult
from twinkeel.kubespray.preflight import preflight, require
from twinkeel.topology.model import Machine, Topology

DEADLINE = 30.0
LISTEN = """
import socket, sys, time
sockets = []
for address in sys.argv[2:]:
    sockets.append(socket.create_server((address, int(sys.argv[1])), family=socket.AF_INET6 if ":" in address else socket.AF_INET))
print("listening", flush=True)
time.sleep(600)
"""


def can_make_namespaces() -> bool:
    return os.geteuid() == 0 and subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_make_namespaces(), reason="namespaces need root")


@dataclass
class Network:
    """One network and file tree for all nodes: its own interfaces, routes and /etc/hosts. Hosts in `lost` do not answer."""

    pid: int
    hosts: Path
    lost: dict[str, str] = field(default_factory=dict)

    def enter(self, *argv: str) -> list[str]:
        return ["nsenter", "-t", str(self.pid), "-n", "-m", "--", *argv]

    def do(self, *argv: str) -> None:
        subprocess.run(self.enter(*argv), check=True, capture_output=True, timeout=DEADLINE)

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEADLINE) -> CommandResult:
        if machine.name in self.lost:
            raise HostError(self.lost[machine.name], where=machine.name)
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(*self.enter(*argv), stdout=pipe, stderr=pipe)
        stdout, stderr = await child.communicate()
        return CommandResult(machine.name, tuple(argv), child.returncode or 0, stdout.decode(), stderr.decode())

    async def read_file(self, machine: Machine, path: str) -> bytes:
        raise AssertionError(path)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """A namespace with the virtual IP on its loopback interface, and the nodes' own network on another one."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n192.168.1.110 lb.lab-home.com\n")
    (tmp_path / "resolv.conf").write_text("options attempts:1 timeout:1\n")
    script = f"mount --bind {hosts} /etc/hosts; mount --bind {tmp_path}/resolv.conf /etc/resolv.conf; echo; exec sleep 600"
    argv = ["unshare", "-n", "-m", "sh", "-c", script]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "\n"
        made = Network(holder.pid, hosts)
        try:
            for command in (
                "ip link set lo up",
                "ip address add 192.168.1.110/32 dev lo",
                "ip address add fd00::110/128 dev lo",
                "ip link add eth0 type bridge",
                "ip address add 192.168.1.1/24 dev eth0",
                "ip link set eth0 up",
            ):
                made.do(*command.split())
            yield made
        finally:
            holder.kill()


@pytest.fixture
def listen(network: Network) -> Iterator[Callable[..., None]]:
    """Begin to listen on the endpoint's port, as the load balancers do."""
    running: list[subprocess.Popen[str]] = []

    def begin(port: int, *addresses: str) -> None:
        argv = network.enter(sys.executable, "-c", LISTEN, str(port), *addresses)
        running.append(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
        assert running[-1].stdout is not None
        assert running[-1].stdout.readline() == "listening\n"

    yield begin
    for child in running:
        child.kill()
        child.communicate()


def asked(topology: Topology, network: Network, count: int = 1) -> tuple[str, ...]:
    return asyncio.run(preflight(topology, network, topology.nodes[:count]))


def test_nothing_stands_in_the_way(lab_home_topology: Topology, network: Network, listen: Callable[..., None]) -> None:
    listen(6443, "192.168.1.110")
    # Links of the cluster's own network plugin are there when a playbook runs a second time.
    network.do("ip", "link", "add", "cali123", "type", "bridge")
    network.do("ip", "link", "set", "cali123", "up")
    network.do("ip", "route", "add", "10.233.64.5/32", "dev", "cali123")
    network.do("ip", "route", "add", "blackhole", "10.233.65.0/26")
    # A network plugin without a tunnel sends a node's pods to that node.
    network.do("ip", "route", "add", "10.233.66.0/24", "via", "192.168.1.103", "dev", "eth0")
    network.do("ip", "route", "add", "default", "dev", "eth0")
    assert asked(lab_home_topology, network, len(lab_home_topology.nodes)) == ()
    require(())


def test_every_node_says_everything_that_is_wrong(lab_home_topology: Topology, network: Network) -> None:
    network.hosts.write_text("127.0.0.1 localhost\n")
    network.do("ip", "route", "add", "10.233.100.0/24", "dev", "eth0")
    network.lost["master-2"] = "the host does not answer"
    problems = asked(lab_home_topology, network, 2)
    assert problems == (
        "master-1: the load balancers do not answer at 192.168.1.110 port 6443",
        "master-1: lb.lab-home.com does not resolve: add it to DNS or /etc/hosts",
        "master-1: 10.233.64.0/18 of the cluster overlaps its route to 10.233.100.0/24 (eth0)",
        "master-2: the host does not answer",
    )
    with pytest.raises(HostError, match="4 things stand in the way") as caught:
        require(problems)
    assert caught.value.exit_code == 3
    assert all(problem in str(caught.value) for problem in problems)
    assert "--skip-preflight" in caught.value.hint


def test_a_name_that_leads_elsewhere_and_a_port_that_is_not_ours(
    lab_home_topology: Topology, network: Network, listen: Callable[..., None]
) -> None:
    listen(8443, "192.168.1.110")
    network.hosts.write_text("192.168.1.9 lb.lab-home.com\n")
    assert asked(lab_home_topology, network) == (
        "master-1: the load balancers do not answer at 192.168.1.110 port 6443",
        "master-1: lb.lab-home.com resolves to 192.168.1.9, which is no virtual IP",
    )


def test_both_kinds_of_addresses(build_edited: Callable[..., Topology], network: Network, listen: Callable[..., None]) -> None:
    six = [
        ("master-1", 101),
        ("master-2", 103),
        ("master-3", 105),
        ("worker-1", 115),
        ("worker-2", 124),
        ("lb-1", 111),
        ("lb-2", 112),
    ]
    topology = build_edited(
        ("vip: 192.168.1.110/24", "vips: [192.168.1.110/24, 'fd00::110/64']"),
        ("network_plugin: calico}", "pod_network6: 'fd01::/112', service_network6: 'fd02::/116'}"),
        *((f"{name}: 192.168.1.{end}", f"{name}: {{address: 192.168.1.{end}, address6: 'fd00::{end}'}}") for name, end in six),
    )
    listen(6443, "192.168.1.110")
    network.do("ip", "-6", "route", "add", "fd01::/113", "dev", "eth0")
    assert asked(topology, network) == (
        "master-1: the load balancers do not answer at fd00::110 port 6443",
        "master-1: fd01::/112 of the cluster overlaps its route to fd01::/113 (eth0)",
    )
    listen(6443, "fd00::110")
    network.do("ip", "-6", "route", "del", "fd01::/113", "dev", "eth0")
    network.hosts.write_text("192.168.1.110 lb.lab-home.com\nfd00::110 lb.lab-home.com\n")
    assert asked(topology, network) == ()


def test_load_balancers_that_are_not_there(lab_home_topology: Topology, network: Network) -> None:
    network.do("ip", "address", "del", "192.168.1.110/32", "dev", "lo")
    assert asked(lab_home_topology, network) == ("master-1: the load balancers do not answer at 192.168.1.110 port 6443",)
