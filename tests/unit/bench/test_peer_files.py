"""Others' configurations, byte for byte, and what the real daemons' own checkers say of each."""

import subprocess
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from twinkeel.bench.configurations import CONFIGURATIONS, Configuration, chosen, find_configuration
from twinkeel.bench.peer_files import CHECK_SCRIPT, peer_files, refuse_what_peers_cannot
from twinkeel.errors import UsageError
from twinkeel.render.validate import installed
from twinkeel.topology.model import Topology

GOLDEN = Path(__file__).parent / "golden"
PEERS = [each for each in CONFIGURATIONS if each.profile is None]
SCRIPT_SECURITY = 6
# What the real authors' files get from `keepalived -t`; they run all the same.
REFUSED = {"seed", "kubeadm"}

each_peer = pytest.mark.parametrize("peer", PEERS, ids=[each.id for each in PEERS])


def tree(peer: Configuration, topology: Topology) -> dict[str, str]:
    """Path below the golden folder -> content."""
    return {
        f"{balancer.machine.name}/{PurePosixPath(file.path).name}": file.content
        for balancer in topology.load_balancers
        for file in peer_files(peer, topology, balancer)
    }


@each_peer
def test_files_are_the_golden_ones(peer: Configuration, lab_home_topology: Topology, request: pytest.FixtureRequest) -> None:
    made, folder = tree(peer, lab_home_topology), GOLDEN / peer.id
    if request.config.getoption("--update-golden"):
        for name, content in made.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
    assert made == {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_no_golden_folder_is_left_of_a_peer_that_went() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {peer.id for peer in PEERS}


@each_peer
def test_the_daemons_say_of_them_what_they_say_of_their_authors_files(
    peer: Configuration, lab_home_topology: Topology, tmp_path: Path
) -> None:
    if not set(installed()) >= {"haproxy", "keepalived"}:
        pytest.skip("haproxy and keepalived are not both installed")
    for file in peer_files(peer, lab_home_topology, lab_home_topology.load_balancers[0]):
        path = tmp_path / PurePosixPath(file.path).name
        path.write_text(file.content.replace(CHECK_SCRIPT, f"{tmp_path}/{PurePosixPath(CHECK_SCRIPT).name}"))
        path.chmod(file.mode)
    configuration = tmp_path / "keepalived.conf"
    # This machine has no eth0.
    configuration.write_text("global_defs {\n    dynamic_interfaces\n}\n" + configuration.read_text())

    proxy = subprocess.run(["haproxy", "-c", "-f", tmp_path / "haproxy.cfg"], capture_output=True, text=True, check=False)
    vrrp = subprocess.run(["keepalived", "-t", "-f", configuration], capture_output=True, text=True, check=False)

    assert proxy.returncode == 0, proxy.stderr
    assert ("missing timeouts" in proxy.stderr) == (peer.id == "seed")
    assert vrrp.returncode == (SCRIPT_SECURITY if peer.id in REFUSED else 0), vrrp.stderr
    if peer.id not in REFUSED:
        assert vrrp.stderr == ""


@each_peer
def test_the_check_is_a_shell_script_that_fails_where_nothing_runs(
    peer: Configuration, lab_home_topology: Topology, tmp_path: Path
) -> None:
    files = {file.path: file for file in peer_files(peer, lab_home_topology, lab_home_topology.load_balancers[0])}
    assert (CHECK_SCRIPT in files) == (CHECK_SCRIPT in files["/etc/keepalived/keepalived.conf"].content) == peer.has_check
    if peer.has_check:
        script = tmp_path / "check"
        # A name and a port that nobody has here.
        script.write_text(
            files[CHECK_SCRIPT].content.replace("6443", "1").replace("9444", "1").replace("pidof haproxy", "pidof none")
        )
        assert files[CHECK_SCRIPT].mode == 0o755
        assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
        assert subprocess.run(["sh", script, "ready"], capture_output=True, timeout=60, check=False).returncode != 0


def test_the_api_servers_are_those_of_the_spec_in_every_configuration(build_edited: Callable[..., Topology]) -> None:
    topology = build_edited(("vip: 192.168.1.110/24", "vip: 192.168.1.99/24"), ("port: 6443", "port: 7443"))
    for peer in PEERS:
        for balancer in topology.load_balancers:
            proxy, vrrp, *_ = peer_files(peer, topology, balancer)
            for machine in topology.control_plane:
                assert f"server {machine.name} {machine.address}:6443" in proxy.content
            assert "bind *:7443\n" in proxy.content
            assert "192.168.1.99" in vrrp.content
            assert f"virtual_router_id {balancer.instances[0].vrid}\n" in vrrp.content


def test_priorities_follow_the_order_of_the_spec() -> None:
    assert [find_configuration("kubeadm").priority(place) for place in range(3)] == [101, 100, 100]
    assert [find_configuration("kubemarine").priority(place) for place in range(3)] == [254, 253, 252]
    assert [find_configuration("seed").priority(place) for place in range(2)] == [100, 100]


def test_choosing() -> None:
    assert chosen([]) == CONFIGURATIONS
    assert [each.id for each in chosen(["k0s", "seed", "k0s"])] == ["k0s", "seed"]
    with pytest.raises(UsageError, match="no configuration 'kubedm'") as refused:
        chosen(["kubedm"])
    assert "did you mean kubeadm?" in str(refused.value)


def test_a_system_that_others_would_serve_in_part_is_refused(
    build_edited: Callable[..., Topology], lab_home_topology: Topology
) -> None:
    refuse_what_peers_cannot(lab_home_topology)
    with pytest.raises(UsageError, match="firewall rules of ours"):
        refuse_what_peers_cannot(build_edited(("ssh:", "system: {firewall: nftables}\nssh:")))
    with pytest.raises(UsageError, match="several virtual IPs"):
        refuse_what_peers_cannot(build_edited(("vip: 192.168.1.110/24", "vips: [192.168.1.110/24, 192.168.1.99/24]")))
