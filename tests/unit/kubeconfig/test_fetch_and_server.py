"""Where admin.conf comes from, and which server it names."""

import asyncio
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

import pytest

from twinkeel.errors import HostError
from twinkeel.hosts.executor import FileMissingError
from twinkeel.kubeconfig.fetch import ADMIN_CONF, fetch_admin_conf, read_artifact
from twinkeel.kubeconfig.server import choose_server, resolve
from twinkeel.topology.model import Endpoint, Machine, Topology

GOOD = """\
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443"}}]
users: [{name: u, user: {}}]
"""


class Hosts:
    """Answers with what each host has: bytes, or an error."""

    def __init__(self, **files: bytes | HostError) -> None:
        self.files = {name.replace("_", "-"): content for name, content in files.items()}

    async def run(self, machine: Machine, argv: object, *, timeout: float = 1.0) -> object:
        raise AssertionError

    async def read_file(self, machine: Machine, path: str) -> bytes:
        assert path == ADMIN_CONF
        found = self.files[machine.name]
        if isinstance(found, HostError):
            raise found
        return found


def fetch(topology: Topology, hosts: Hosts) -> tuple[str, str]:
    return asyncio.run(fetch_admin_conf(hosts, topology.control_plane))  # type: ignore[arg-type]


def test_the_first_good_one_is_taken(lab_home_topology: Topology) -> None:
    hosts = Hosts(master_1=HostError("lost"), master_2=b"kind: Config\nclusters: [", master_3=GOOD.encode())
    assert fetch(lab_home_topology, hosts) == (GOOD, "master-3:/etc/kubernetes/admin.conf")


def test_no_host_has_one_and_each_says_why(lab_home_topology: Topology) -> None:
    hosts = Hosts(master_1=HostError("lost"), master_2=b"\xff", master_3=FileMissingError("none"))
    with pytest.raises(HostError, match="no control-plane host gives an admin") as caught:
        fetch(lab_home_topology, hosts)
    parts = caught.value.where.split("; ")
    assert parts[0] == "master-1: lost"
    assert parts[1] == "master-2: its admin.conf cannot be used: it is not text"
    assert parts[2] == "master-3: there is no /etc/kubernetes/admin.conf"


def test_kubesprays_copy(tmp_path: Path) -> None:
    path = tmp_path / "admin.conf"
    with pytest.raises(HostError, match="left no admin") as caught:
        read_artifact(path)
    assert caught.value.where == str(path)
    path.write_text(GOOD)
    assert read_artifact(path) == (GOOD, str(path))


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert choose_server(Endpoint("x", 8443, (IPv6Interface("fd00::1/64"),)), "vip") == "https://[fd00::1]:8443"


def test_the_name_is_used_only_where_it_resolves_to_virtual_ips() -> None:
    found = resolve("localhost")
    vips = (IPv4Interface("127.0.0.1/8"), IPv6Interface("::1/128"))
    assert found <= {"127.0.0.1", "::1"}
    assert choose_server(Endpoint("localhost", 1, vips), "name") == "https://localhost:1"
    with pytest.raises(HostError, match="resolves to"):
        choose_server(Endpoint("localhost", 1, (IPv4Interface("127.0.0.9/8"),)), "name")
    with pytest.raises(HostError, match="does not resolve") as caught:
        choose_server(Endpoint("no-such-name.invalid", 1, vips), "name")
    assert "--server vip" in caught.value.hint
