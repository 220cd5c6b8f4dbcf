"""What API servers are told because load balancers stand before them: one place for Kubespray and for the lab."""

from collections.abc import Callable

import pytest

from twinkeel.topology.api_server import balanced_arguments, extra_arguments
from twinkeel.topology.model import Topology

Build = Callable[..., Topology]

OWN = {"etcd-servers": "https://127.0.0.1:2379"}
OURS = {"shutdown-delay-duration": "5s", "shutdown-send-retry-after": "true", "goaway-chance": "0.001", **OWN}


def with_kubernetes(build_edited: Build, settings: str, *edits: tuple[str, str]) -> Topology:
    return build_edited(("network_plugin: calico}", f"{settings}}}"), *edits)


def test_an_api_server_serves_on_until_haproxy_has_noticed(lab_home_topology: Topology) -> None:
    assert balanced_arguments(lab_home_topology.cluster, "1.36.2") == OURS
    assert extra_arguments(lab_home_topology.cluster) == OURS


@pytest.mark.parametrize(
    ("failover", "delay"),
    [("profile: steady", 7), ("profile: fast, check_interval: 1.8", 6), ("profile: steady, check_interval: 30", 20)],
)
def test_the_delay_follows_the_detection_and_leaves_kubelet_s_grace(build_edited: Build, failover: str, delay: int) -> None:
    """2 * 1 + 2, 1.8 + 0.25, and 30 + 2 seconds until HAProxy has noticed; rounded up, and three more; twenty at most."""
    assert build_edited(("{profile: fast}", f"{{{failover}}}")).cluster.shutdown_delay == delay


def test_each_can_be_changed_and_turned_off(build_edited: Build) -> None:
    topology = with_kubernetes(build_edited, "api_server: {shutdown_delay: 12.5, goaway_chance: 0}")
    assert extra_arguments(topology.cluster) == {"shutdown-delay-duration": "12.5s", "shutdown-send-retry-after": "true", **OWN}
    topology = with_kubernetes(build_edited, "api_server: {shutdown_delay: 0, goaway_chance: 0.02}")
    assert extra_arguments(topology.cluster) == {"goaway-chance": "0.02", **OWN}
    topology = with_kubernetes(build_edited, "api_server: {shutdown_delay: 0, goaway_chance: 0, etcd: all}")
    assert extra_arguments(topology.cluster) == balanced_arguments(topology.cluster, "1.36.2") == {}


@pytest.mark.parametrize(("version", "names"), [("1.22.17", 3), ("1.23.0", 4), ("1.20.2", 3)])
def test_no_flag_that_the_version_does_not_know(lab_home_topology: Topology, version: str, names: int) -> None:
    assert len(balanced_arguments(lab_home_topology.cluster, version)) == names


def test_one_api_server_never_sends_its_clients_away(build_edited: Build) -> None:
    topology = build_edited(("  master-2: 192.168.1.103\n  master-3: 192.168.1.105\n", ""))
    assert set(extra_arguments(topology.cluster)) == {"shutdown-delay-duration", "shutdown-send-retry-after"}


def test_the_user_s_own_arguments_win_in_the_lab_too(build_edited: Build) -> None:
    own = "{shutdown-delay-duration: 15s, shutdown-send-retry-after: false, audit-log-maxage: 7}"
    cluster = with_kubernetes(build_edited, f"variables: {{kube_kubeadm_apiserver_extra_args: {own}}}").cluster
    assert extra_arguments(cluster) == {
        "shutdown-delay-duration": "15s",
        "shutdown-send-retry-after": False,
        "goaway-chance": "0.001",
        "audit-log-maxage": "7",
        **OWN,
    }
    assert balanced_arguments(cluster, "1.36.2") == {
        "shutdown-delay-duration": "15s",
        "shutdown-send-retry-after": "false",
        "goaway-chance": "0.001",
        **OWN,
    }


def test_a_template_of_the_user_s_is_left_alone(build_edited: Build) -> None:
    cluster = with_kubernetes(build_edited, "variables: {kube_kubeadm_apiserver_extra_args: '{{ mine }}'}").cluster
    assert (extra_arguments(cluster), balanced_arguments(cluster, "1.36.2")) == ({}, OURS)
    one = "{shutdown-delay-duration: '{{ delay }}'}"
    cluster = with_kubernetes(build_edited, f"variables: {{kube_kubeadm_apiserver_extra_args: {one}}}").cluster
    assert extra_arguments(cluster)["shutdown-delay-duration"] == "{{ delay }}"
    assert balanced_arguments(cluster, "1.36.2") == OURS


@pytest.mark.parametrize(
    ("etcd", "own"),
    [
        ("", True),
        ("etcd: {etcd-1: 192.168.1.131, etcd-2: 192.168.1.132, etcd-3: 192.168.1.133}", False),
        ("etcd: {master-1: 192.168.1.101, master-2: 192.168.1.103, etcd-3: 192.168.1.133}", False),
    ],
)
def test_an_api_server_asks_its_own_etcd_member_where_each_has_one(build_edited: Build, etcd: str, own: bool) -> None:
    arguments = extra_arguments(build_edited(("ssh: {user: root}", f"ssh: {{user: root}}\n{etcd}")).cluster)
    assert ("etcd-servers" in arguments) == own


def test_a_single_member_needs_no_choice(build_edited: Build) -> None:
    topology = build_edited(("  master-2: 192.168.1.103\n  master-3: 192.168.1.105\n", ""))
    assert "etcd-servers" not in extra_arguments(topology.cluster)


def test_other_members_of_the_user_s_win(build_edited: Build) -> None:
    given = "variables: {kube_kubeadm_apiserver_extra_args: {etcd-servers: 'https://etcd.example.org:2379'}}"
    cluster = with_kubernetes(build_edited, given).cluster
    assert extra_arguments(cluster)["etcd-servers"] == "https://etcd.example.org:2379"
    assert balanced_arguments(cluster, "1.36.2")["etcd-servers"] == "https://etcd.example.org:2379"
