"""The seed's cluster as a lab would run it."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

import pytest

from twinkeel.lab.kubernetes.cluster import LabCluster
from twinkeel.lab.kubernetes.pki import Pki, make_pki
from twinkeel.lab.kubernetes.programs import PROGRAMS, Binaries
from twinkeel.lab.model import LabHost, LabLayout, LabRole
from twinkeel.topology.api_server import OWN_MEMBER

HOSTS: tuple[tuple[str, LabRole, str], ...] = (
    ("lb-1", "load_balancer", "192.168.1.111"),
    ("lb-2", "load_balancer", "192.168.1.112"),
    ("master-1", "control_plane", "192.168.1.101"),
    ("master-2", "control_plane", "192.168.1.103"),
    ("master-3", "control_plane", "192.168.1.105"),
    ("worker-1", "worker", "192.168.1.115"),
    ("worker-2", "worker", "192.168.1.124"),
    ("client", "client", "192.168.1.254"),
    ("operator", "operator", "192.168.1.253"),
)


def _layout() -> LabLayout:
    hosts = tuple(LabHost(name, f"{name}.lab-home.com", role, IPv4Address(address), 24, "eth0") for name, role, address in HOSTS)
    return LabLayout("lab", "abc123", "lab-home.com", "lb.lab-home.com", 8443, (IPv4Interface("192.168.1.110/24"),), hosts)


@pytest.fixture(scope="session")
def cluster() -> LabCluster:
    """Its endpoint's port differs from the API servers', so that no test passes when one is taken for the other."""
    pods, services = IPv4Network("10.233.64.0/18"), IPv4Network("10.233.0.0/18")
    return LabCluster(
        _layout(), "lab-home", "1.20.2", 6443, pods, services, {"shutdown-delay-duration": "5s", "etcd-servers": OWN_MEMBER}
    )


@pytest.fixture(scope="session")
def new_cluster(cluster: LabCluster) -> LabCluster:
    """The same cluster with the programs that the spec asks for."""
    return replace(cluster, version="1.35.4")


@pytest.fixture(scope="session")
def pki(cluster: LabCluster) -> Pki:
    return make_pki(cluster)


@pytest.fixture
def binaries(tmp_path: Path) -> Binaries:
    return Binaries(tmp_path / "programs", "1.20.2", "distribution")


@pytest.fixture
def programs_folder(tmp_path: Path) -> Path:
    """A folder with a program for each name that answers `--version` as the real one does."""
    folder = tmp_path / "given"
    folder.mkdir()
    for name in PROGRAMS:
        write_program(folder / name, "1.29.3")
    return folder


def write_program(path: Path, version: str) -> None:
    """A shell script that says it is that version."""
    kubectl = f'{{"clientVersion": {{"gitVersion": "v{version}"}}}}'
    text = kubectl if path.name == "kubectl" else f"Kubernetes v{version}"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
    path.chmod(0o755)
