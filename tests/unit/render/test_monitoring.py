"""What is rendered for metrics, and that nothing is where the spec does not ask for it."""

import json
from collections.abc import Callable
from ipaddress import ip_address

import pytest

from twinkeel.preflight.facts import Listener
from twinkeel.preflight.network import is_ours, ports_of
from twinkeel.render.files import RenderedFile
from twinkeel.render.firewall import FIREWALLD_PATH, NFTABLES_PATH, UFW_PATH, Guarded, guarded_ports, served_ports
from twinkeel.render.monitoring import CONFIG_PATH, METRICS_PROGRAM, METRICS_UNIT
from twinkeel.render.render import render
from twinkeel.render.services import reader_of
from twinkeel.render.template import read
from twinkeel.topology.model import Topology

Edited = Callable[..., Topology]
UNIT = f"/etc/systemd/system/{METRICS_UNIT}"
TEXTFILE = "textfile: /var/lib/prometheus/node-exporter/twinkeel.prom"


def on(keys: str) -> tuple[str, str]:
    return ("ssh: {user: root}", f"ssh: {{user: root}}\nmonitoring: {{address: {keys}}}")


def files(topology: Topology, host: str = "lb-1") -> dict[str, RenderedFile]:
    return {file.path: file for file in render(topology).hosts[host]}


def test_nothing_is_rendered_that_is_not_asked_for(lab_home_topology: Topology) -> None:
    made = files(lab_home_topology)
    assert not {CONFIG_PATH, METRICS_PROGRAM, UNIT} & set(made)
    assert "--state-file" not in made["/etc/systemd/system/twinkeel-liveness.service"].content


def test_each_load_balancer_tells_of_itself_at_its_own_address(build_edited: Edited) -> None:
    topology = build_edited(on("host, readers: [192.168.1.50, 192.168.9.0/24]"))
    told = json.loads(files(topology, "lb-2")[CONFIG_PATH].content)
    assert (told["cluster"], told["load_balancer"], told["address"], told["port"]) == ("lab-home", "lb-2", "192.168.1.112", 8406)
    assert told["readers"] == ["192.168.1.50/32", "192.168.9.0/24"]
    assert told["virtual_ips"] == ["192.168.1.110"]
    assert [server["name"] for server in told["api_servers"]] == ["master-1", "master-2", "master-3"]
    assert told["instances"] == [{"vip": "192.168.1.110", "version": 4, "vrid": topology.load_balancers[1].instances[0].vrid}]
    assert told["peers"] == {"192.168.1.111": "lb-1"}
    assert files(topology)[METRICS_PROGRAM].content == read("metrics")
    assert files(topology)[METRICS_PROGRAM].mode == 0o755


def test_the_watchdog_keeps_what_is_told_of_it(build_edited: Edited) -> None:
    topology = build_edited(on("host"))
    told = json.loads(files(topology)[CONFIG_PATH].content)
    assert f" --state-file {told['liveness_file']} " in files(topology)["/etc/systemd/system/twinkeel-liveness.service"].content


@pytest.mark.parametrize(
    ("keys", "capabilities", "writes"), [("host", "CAP_NET_RAW", None), (f"host, {TEXTFILE}", "CAP_NET_RAW CAP_DAC_OVERRIDE", True)]
)
def test_the_unit_may_do_no_more_than_it_must(build_edited: Edited, keys: str, capabilities: str, writes: bool | None) -> None:
    lines = files(build_edited(on(keys)))[UNIT].content.splitlines()
    assert f"CapabilityBoundingSet={capabilities}" in lines
    assert ("ReadWritePaths=-/var/lib/prometheus/node-exporter" in lines) is bool(writes)
    assert "ProtectSystem=strict" in lines
    assert f"ExecStart={METRICS_PROGRAM} {CONFIG_PATH}" in lines


@pytest.mark.parametrize("path", [CONFIG_PATH, METRICS_PROGRAM, UNIT])
def test_a_change_restarts_the_metrics_and_not_the_watchdog(path: str) -> None:
    assert reader_of(path) == ("twinkeel-metrics", "restart")


@pytest.mark.parametrize(("address", "ports"), [("host", (6443, 8406)), ("127.0.0.1", (6443,))])
def test_a_firewall_lets_readers_in_where_there_can_be_some(build_edited: Edited, address: str, ports: tuple[int, ...]) -> None:
    assert served_ports(build_edited(on(address))) == ports


READERS = 'readers: [192.168.1.50, 192.168.9.7/24, "fd00:1::/64"]'


@pytest.mark.parametrize(
    ("key", "port"),
    [("monitoring: {address: host, %s}", 8406), ("haproxy: {metrics: {address: host, %s}}", 8405)],
)
def test_a_firewall_lets_no_one_else_in_where_readers_are_named(build_edited: Edited, key: str, port: int) -> None:
    topology = build_edited(("ssh: {user: root}", f"ssh: {{user: root}}\n{key % READERS}"))
    assert served_ports(topology) == (6443,)
    assert guarded_ports(topology) == (Guarded(port, ("192.168.1.50", "192.168.9.0/24", "fd00:1::/64")),)


def test_a_listener_on_the_loopback_needs_no_rule(build_edited: Edited) -> None:
    assert guarded_ports(build_edited(on(f"127.0.0.1, {READERS}"))) == ()


@pytest.mark.parametrize(
    ("firewall", "path", "everybody", "nobody"),
    [
        ("nftables", NFTABLES_PATH, "tcp dport { 6443, 8406 }", "tcp dport 8406 counter drop"),
        ("ufw", UFW_PATH, "allow 8406/tcp", "deny 8406/tcp"),
        ("firewalld", FIREWALLD_PATH, '\n  <port port="8406" protocol="tcp"/>', "<drop/>"),
    ],
)
def test_each_firewall_has_the_readers_before_everybody_else(
    build_edited: Edited, firewall: str, path: str, everybody: str, nobody: str
) -> None:
    wall = ("kubernetes:", f"system: {{firewall: {firewall}}}\nkubernetes:")
    open_to_all, guarded = (files(build_edited(on(f"host{more}"), wall))[path].content for more in ("", f", {READERS}"))
    assert everybody in open_to_all
    assert everybody not in guarded
    places = [guarded.index(reader) for reader in ("192.168.1.50", "192.168.9.0/24", "fd00:1::/64")]
    assert places == sorted(places)
    assert guarded.rindex(nobody) > places[-1]


def test_haproxy_closes_the_connection_of_everybody_else(build_edited: Edited) -> None:
    topology = build_edited(("ssh: {user: root}", f"ssh: {{user: root}}\nhaproxy: {{metrics: {{address: host, {READERS}}}}}"))
    text = files(topology)["/etc/haproxy/haproxy.cfg"].content
    section = [line.strip() for line in text[text.index("frontend twinkeel-metrics") :].splitlines()]
    assert [line for line in section if line.startswith("acl")] == [
        "acl reader src 192.168.1.50",
        "acl reader src 192.168.9.0/24",
        "acl reader src fd00:1::/64",
    ]
    assert "tcp-request connection reject unless reader" in section


def test_preflight_looks_at_the_port_and_knows_its_own(build_edited: Edited) -> None:
    topology = build_edited(on("host, port: 9999"))
    machine = topology.load_balancers[0].machine
    assert ("the monitoring", machine.address, 9999) in ports_of(topology, machine)
    assert is_ours(Listener(ip_address("192.168.1.111"), 9999, "python3", METRICS_UNIT))
    assert not is_ours(Listener(ip_address("192.168.1.111"), 9999, "python3", "other.service"))
