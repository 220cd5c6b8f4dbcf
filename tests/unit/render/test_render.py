"""The other files, and what holds for all of them."""

import configparser
from collections.abc import Callable
from ipaddress import ip_network

import pytest
from jinja2 import UndefinedError
from ruamel.yaml import YAML

from twinkeel.render.files import RenderedFile
from twinkeel.render.render import render
from twinkeel.render.template import fill, milliseconds, number
from twinkeel.topology.model import Topology

Build = Callable[..., Topology]

HOST_FILES = {
    "/etc/haproxy/haproxy.cfg": 0o644,
    "/etc/keepalived/keepalived.conf": 0o640,
    "/etc/systemd/system/haproxy.service.d/twinkeel.conf": 0o644,
    "/etc/systemd/system/keepalived.service.d/twinkeel.conf": 0o644,
    "/etc/systemd/system/twinkeel-connections.service": 0o644,
    "/etc/systemd/system/twinkeel-liveness.service": 0o644,
    "/etc/systemd/system/twinkeel-linger-at-shutdown.service": 0o644,
    "/etc/systemd/system/twinkeel-linger.service": 0o644,
    "/etc/systemd/system/twinkeel-second-chance.service": 0o644,
    "/etc/tmpfiles.d/twinkeel.conf": 0o644,
    "/etc/twinkeel/second-chance.json": 0o644,
    "/etc/twinkeel/second-chance.nft": 0o644,
    "/usr/local/lib/twinkeel/haproxy-connections": 0o755,
    "/usr/local/lib/twinkeel/haproxy-liveness": 0o755,
    "/usr/local/lib/twinkeel/haproxy-servers": 0o755,
    "/usr/local/lib/twinkeel/second-chance": 0o755,
}


def on_host(topology: Topology, host: str, path: str) -> str:
    return next(file.content for file in render(topology).hosts[host] if file.path == path)


def kubespray(topology: Topology) -> dict[str, str]:
    return {file.path: file.content for file in render(topology).kubespray}


def all_files(topology: Topology) -> list[RenderedFile]:
    rendered = render(topology)
    return [*(file for files in rendered.hosts.values() for file in files), *rendered.kubespray]


def test_every_load_balancer_gets_every_file_with_its_mode(lab_home_topology: Topology) -> None:
    rendered = render(lab_home_topology)
    assert list(rendered.hosts) == ["lb-1", "lb-2"]
    for files in rendered.hosts.values():
        assert {file.path: file.mode for file in files} == HOST_FILES
        assert [file.path for file in files] == sorted(HOST_FILES)
        assert {(file.owner, file.group) for file in files} == {("root", "root")}


def test_the_same_topology_gives_the_same_bytes(lab_home_topology: Topology) -> None:
    assert render(lab_home_topology) == render(lab_home_topology)


def test_every_file_says_who_wrote_it_and_ends_in_one_newline(lab_home_topology: Topology) -> None:
    for file in all_files(lab_home_topology):
        first, second = file.content.splitlines()[:2]
        # JSON has no comments.
        said = file.path.endswith(".json") or "Written by Twinkeel" in (second if first.startswith("#!") else first)
        assert said, file.path
        assert file.content.endswith("\n"), file.path
        assert not file.content.endswith("\n\n"), file.path
        assert not any(line != line.rstrip() for line in file.content.splitlines()), file.path


def test_a_name_that_a_template_does_not_get_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        fill("tmpfiles.conf.j2", cluster="x")


def test_numbers_and_times() -> None:
    assert [number(value) for value in (1.0, 0.1, 0.25, 40.95)] == ["1", "0.1", "0.25", "40.95"]
    assert [milliseconds(value) for value in (1.0, 0.25, 0.0005)] == ["1000ms", "250ms", "0ms"]


def keepalived_words(topology: Topology, host: str) -> list[list[str]]:
    text = on_host(topology, host, "/etc/keepalived/keepalived.conf")
    return [line.split("#", 1)[0].split() for line in text.splitlines() if line.split("#", 1)[0].strip()]


def test_keepalived_keeps_clear_of_the_seeds_faults(lab_home_topology: Topology) -> None:
    words = keepalived_words(lab_home_topology, "lb-1")
    keys = {line[0] for line in words}
    assert not keys & {"vrrp_script", "authentication", "auth_pass", "track_script", "mcast_src_ip"}
    for line in (
        ["vrrp_version", "3"],
        ["enable_script_security"],
        ["vrrp_garp_master_refresh", "60"],
        ["vrrp_check_unicast_src"],
        ["state", "BACKUP"],
        ["nopreempt"],
        ["virtual_router_id", "121"],
        ["priority", "254"],
        ["advert_int", "0.07"],
        ["unicast_src_ip", "192.168.1.111"],
        ["unicast_ttl", "255"],
        ["192.168.1.112", "min_ttl", "255", "max_ttl", "255"],
        ["192.168.1.110/24", "dev", "eth0"],
        ["file", "/run/twinkeel/haproxy-down"],
        ["weight", "0"],
    ):
        assert line in words, line


def test_priorities_differ_and_peers_point_at_each_other(lab_home_topology: Topology) -> None:
    second = keepalived_words(lab_home_topology, "lb-2")
    assert ["priority", "253"] in second
    assert ["unicast_src_ip", "192.168.1.112"] in second
    assert ["192.168.1.111", "min_ttl", "255", "max_ttl", "255"] in second


def test_one_load_balancer_has_no_peers(build_edited: Build) -> None:
    words = keepalived_words(build_edited(("  lb-2: 192.168.1.112\n", "")), "lb-1")
    assert not [line for line in words if line[0].startswith("unicast")]
    assert ["mcast_src_ip", "192.168.1.111"] in words


def unit(topology: Topology, path: str) -> list[tuple[str, str]]:
    """A unit file's settings in order; systemd allows a key many times."""
    lines = on_host(topology, "lb-1", path).splitlines()
    return [(key, value) for key, _, value in (line.partition("=") for line in lines if not line.startswith(("#", "["))) if key]


def test_the_hooks_of_haproxy_tell_keepalived(lab_home_topology: Topology) -> None:
    settings = unit(lab_home_topology, "/etc/systemd/system/haproxy.service.d/twinkeel.conf")
    assert ("ExecStartPost", "/bin/sh -c 'echo 0 > /run/twinkeel/haproxy-down'") in settings
    assert ("ExecStop", "/bin/sh -c 'echo 1 > /run/twinkeel/haproxy-down; sleep 0.15'") in settings
    assert ("ExecStopPost", "/bin/sh -c 'echo 1 > /run/twinkeel/haproxy-down'") in settings
    assert ("Restart", "always") in settings
    assert ("LimitNOFILE", "17000") in settings


def test_keepalived_leaves_before_haproxy_and_comes_back(lab_home_topology: Topology) -> None:
    settings = unit(lab_home_topology, "/etc/systemd/system/keepalived.service.d/twinkeel.conf")
    assert ("After", "haproxy.service") in settings
    assert ("Nice", "-19") in settings
    assert ("Restart", "always") in settings


@pytest.mark.parametrize(("profile", "interval", "deadline"), [("fast", "0.25", "1"), ("steady", "1", "4")])
def test_the_watchdog_gets_the_profiles_timers(build_edited: Build, profile: str, interval: str, deadline: str) -> None:
    topology = build_edited(("profile: fast", f"profile: {profile}, second_chance: false"))
    settings = dict(unit(topology, "/etc/systemd/system/twinkeel-liveness.service"))
    assert f" --interval {interval} --deadline {deadline} --" in settings["ExecStart"]
    assert " --down-file /run/twinkeel/haproxy-down --unit haproxy.service" in settings["ExecStart"]
    # One round of the watchdog lasts a deadline and two systemctl calls of at most 5 s.
    assert float(settings["WatchdogSec"]) > float(deadline) + 2 * 5
    assert settings["Type"] == "notify"


def test_at_boot_haproxy_counts_as_down(lab_home_topology: Topology) -> None:
    assert (
        "f /run/twinkeel/haproxy-down 0644 root root - 1"
        in on_host(lab_home_topology, "lb-1", "/etc/tmpfiles.d/twinkeel.conf").splitlines()
    )


def test_the_inventory_has_every_node_once_in_its_groups(lab_home_topology: Topology) -> None:
    inventory = YAML(typ="safe").load(kubespray(lab_home_topology)["hosts.yaml"])["all"]
    masters = [f"master-{number}.lab-home.com" for number in (1, 2, 3)]
    workers = [f"worker-{number}.lab-home.com" for number in (1, 2)]
    assert list(inventory["hosts"]) == masters + workers
    assert inventory["hosts"]["master-3.lab-home.com"] == {
        "ansible_host": "192.168.1.105",
        "ansible_port": 22,
        "ansible_user": "root",
        "ip": "192.168.1.105",
        "access_ip": "192.168.1.105",
        "etcd_member_name": "master-3",
    }
    assert "etcd_member_name" not in inventory["hosts"]["worker-1.lab-home.com"]
    groups = inventory["children"]
    assert list(groups["kube_control_plane"]["hosts"]) == masters
    assert list(groups["etcd"]["hosts"]) == masters
    assert list(groups["kube_node"]["hosts"]) == masters + workers
    assert set(groups["k8s_cluster"]["children"]) == {"kube_control_plane", "kube_node"}


def test_both_inventories_say_the_same(lab_home_topology: Topology) -> None:
    files = kubespray(lab_home_topology)
    parser = configparser.ConfigParser(allow_no_value=True, delimiters=("\0",))
    parser.read_string(files["inventory.ini"])
    written = YAML(typ="safe").load(files["hosts.yaml"])["all"]
    hosts = {line.split()[0]: dict(word.split("=") for word in line.split()[1:]) for line in parser["all"]}
    assert hosts == {name: {key: str(value) for key, value in values.items()} for name, values in written["hosts"].items()}
    for group in ("kube_control_plane", "etcd", "kube_node"):
        assert list(parser[group]) == list(written["children"][group]["hosts"])


def test_an_external_load_balancer_for_kubespray(lab_home_topology: Topology) -> None:
    assert YAML(typ="safe").load(kubespray(lab_home_topology)["group_vars/all/all.yml"]) == {
        "loadbalancer_apiserver": {"address": "192.168.1.110", "port": 6443},
        "apiserver_loadbalancer_domain_name": "lb.lab-home.com",
        "loadbalancer_apiserver_localhost": False,
        "kube_apiserver_port": 6443,
    }


def test_cluster_variables_for_kubespray(lab_home_topology: Topology) -> None:
    variables = YAML(typ="safe").load(kubespray(lab_home_topology)["group_vars/k8s_cluster/k8s-cluster.yml"])
    assert variables["kube_version"] == "1.35.4"
    assert variables["supplementary_addresses_in_ssl_keys"] == [
        "192.168.1.110",
        "lb.lab-home.com",
        "192.168.1.111",
        "lb-1.lab-home.com",
        "192.168.1.112",
        "lb-2.lab-home.com",
    ]
    assert (variables["dns_mode"], variables["manual_dns_server"], variables["enable_nodelocaldns"]) == (
        "manual",
        "192.168.1.176",
        False,
    )
    assert variables["kubeconfig_localhost"] is True
    assert variables["artifacts_dir"] == "{{ inventory_dir }}/artifacts"
    assert not ip_network(variables["kube_pods_subnet"]).overlaps(ip_network(variables["kube_service_addresses"]))


def test_another_dns_mode_keeps_its_cache(build_edited: Build) -> None:
    topology = build_edited(("dns: {mode: manual, server: 192.168.1.176}", "dns: {mode: coredns}"))
    variables = YAML(typ="safe").load(kubespray(topology)["group_vars/k8s_cluster/k8s-cluster.yml"])
    assert variables["dns_mode"] == "coredns"
    assert "manual_dns_server" not in variables
    assert "enable_nodelocaldns" not in variables


def test_a_version_like_a_number_stays_text(build_edited: Build) -> None:
    text = kubespray(build_edited())["group_vars/k8s_cluster/k8s-cluster.yml"]
    assert 'kube_version: "1.35.4"' in text


KEEPALIVED_DROP_IN = "/etc/systemd/system/keepalived.service.d/twinkeel.conf"


def test_keepalived_never_respawns_and_keeps_the_packages_own_options(build_edited: Build) -> None:
    """A VRRP process that its parent starts again takes the address away; both distributions' names of their options are kept."""
    lines = on_host(build_edited(), "lb-1", KEEPALIVED_DROP_IN).splitlines()
    start = [line for line in lines if line.startswith("ExecStart=")]
    assert start == ["ExecStart=", "ExecStart=/usr/sbin/keepalived --dont-fork --dont-respawn $DAEMON_ARGS $KEEPALIVED_OPTIONS"]
    assert "Environment=DAEMON_ARGS= KEEPALIVED_OPTIONS=" in lines
    assert "Type=simple" not in lines


def test_before_2_2_the_packages_own_way_of_starting_does_not_count(build_edited: Build) -> None:
    """Upstream's unit of 2.1 says Type=forking: with --dont-fork systemd would wait for a parent that never ends, in vain."""
    old = build_edited(("network_plugin: calico}", "network_plugin: calico}\nkeepalived: {version: '2.1'}"))
    assert "Type=simple" in on_host(old, "lb-1", KEEPALIVED_DROP_IN).splitlines()
