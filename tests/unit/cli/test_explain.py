"""`explain`: everything in force is shown, the text fits a terminal, the diagram is Mermaid, the JSON is plain."""

import dataclasses
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from twinkeel.cli.main import main
from twinkeel.cli.show_json import as_json
from twinkeel.cli.show_mermaid import as_mermaid
from twinkeel.cli.show_topology import as_text
from twinkeel.cli.text_layout import rows, seconds, span, usable_width
from twinkeel.spec.model import ClusterSpec
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology
from twinkeel.vrrp import Range

EVERYTHING = """\
name: everything
domain: example.org
endpoint: {name: api.example.org, vips: [192.168.7.10/24, 192.168.7.11/24, "fd00:7::10/64"]}
interface: ens18
load_balancers:
  lb-1: {address: 192.168.7.21, address6: "fd00:7::21"}
  lb-2: {address: 192.168.7.22, address6: "fd00:7::22", ssh_port: 2222}
  end: {address: 192.168.7.23, address6: "fd00:7::23", interface: bond0}
control_plane:
  cp-1: {address: 192.168.7.31, address6: "fd00:7::31"}
  cp-2: {address: 192.168.7.32, address6: "fd00:7::32"}
etcd: {etcd-1: {address: 192.168.7.51, address6: "fd00:7::51"}}
workers:
  w-1: {address: 192.168.7.41, address6: "fd00:7::41"}
  cp-1: {address: 192.168.7.31, address6: "fd00:7::31"}
services:
  https: {port: 443, target_port: 30443, proxy_protocol: v2, check: {type: http, path: /healthz, port: 10254}}
dns: {mode: manual, server: 192.168.7.2, upstream: [192.168.7.3]}
failover: {advert_interval: 0.2, check_fall: 4, second_chance: true, second_chance_window: 77, budget: {power-loss: 700}}
haproxy:
  version: "2.4"
  log: 192.168.7.50:514
  max_connections: 12345
  metrics: {address: host, port: 8444, user: prometheus, readers: [192.168.7.0/26]}
  extra: {defaults: "timeout queue 11s"}
monitoring: {address: 192.168.7.21, port: 8555, readers: [192.168.7.50], textfile: /var/lib/x/t.prom}
keepalived: {version: "2.3", extra: {global_defs: "lvs_flush"}}
system: {firewall: nftables, packages: dnf, selinux: ignore}
kubernetes:
  version: 1.34.3
  kubespray: v2.30.0
  network_plugin: cilium
  pod_network6: "fd85::/112"
  service_network6: "fd86::/116"
  api_port: 7443
  api_server: {shutdown_delay: 11, goaway_chance: 0.002}
  schedule_on_control_plane: false
  certificate_names: [extra.example.org]
  variables: {kube_proxy_mode: ipvs}
ssh: {user: admin, identity_file: id, known_hosts_file: known}
power: {off: "bmc off {host}", on: "bmc on {host}"}
link: {cut: "switch off {host}", restore: "switch on {host}"}
"""


@pytest.fixture(scope="module")
def everything() -> Topology:
    """A topology in which no value is the default. It need not be a sensible one: only `check` asks for that."""
    return build(ClusterSpec.model_validate(YAML(typ="safe").load(EVERYTHING)), Path("/srv"))


def _plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    "expected",
    [
        "https://api.example.org:6443",
        "must resolve to 192.168.7.10 and 192.168.7.11 and fd00:7::10",
        "lb-1 (254), lb-2 (253), end (252)",
        "lb-2 (254), lb-1 (253), end (251)",
        "end end.example.org 192.168.7.23 fd00:7::23 bond0",
        "cp-1 cp-1.example.org 192.168.7.31 fd00:7::31 ens18 also worker",
        "etcd-1 etcd-1.example.org",
        "https port 443 to port 30443, PROXY protocol v2; checked by HTTP GET /healthz on port 10254, status 200",
        "targets: w-1 192.168.7.41, cp-1 192.168.7.31",
        "version 3, unicast, Keepalived 2.3 or newer",
        "192.168.7.10 60 s after its first choice came back",
        "the old holder serves its connections for up to 77 s",
        "fd00:7::10 never",
        "priority 251: skew 4 ms, takes over after 604 ms of silence",
        "advert_interval 200 ms spec, not 0.07",
        "check_fall 4 spec, not 2",
        "check_rise 3 fast",
        "watchdog_deadline 1 s fast",
        "2.4 or newer",
        "12345 clients at most",
        "192.168.7.50:514, syslog",
        "port 8444 on each load balancer's own address, for the user prometheus at 192.168.7.0/26",
        "defaults: 1; yours, validated by HAProxy alone",
        "global_defs: 1; yours, validated by Keepalived alone",
        "packages dnf",
        "rules for nftables",
        "SELinux left as it is",
        "port 8555 on 192.168.7.21, for 192.168.7.50; for node_exporter in /var/lib/x/t.prom",
        "1.34.3, by Kubespray v2.30.0",
        "GET /readyz on port 7443",
        "port 7443; --shutdown-delay-duration=11s, --shutdown-send-retry-after=true, --goaway-chance=0.002",
        "cilium; pods 10.233.64.0/18 and fd85::/112, services 10.233.0.0/18 and fd86::/116",
        "on workers alone",
        "manual, server 192.168.7.2; names outside the cluster: 192.168.7.3",
        "more names: extra.example.org",
        "kube_proxy_mode",
        "admin, 22; admin, 2222 on lb-2",
        "/srv/id",
        "/srv/known",
        "off: bmc off {host}; on: bmc on {host}",
        "cut: switch off {host}; restore: switch on {host}",
        "budgets power-loss 700 ms",
        "loses power, or its link 402 ms to 622 ms = 2 to 3 advert_int + skew, then announcement (RFC 9568, 6.1 and 6.4.2)",
        "drill: power-loss, link-cut",
    ],
)
def test_the_text_shows_every_value(everything: Topology, expected: str) -> None:
    assert expected in _plain(as_text(everything, 132))


def test_the_text_fits_the_terminal_and_says_the_same_at_any_width(everything: Topology, lab_home_topology: Topology) -> None:
    for topology in (everything, lab_home_topology):
        narrow, wide = as_text(topology, 80), as_text(topology, 132)
        assert max(map(len, narrow.splitlines())) <= 80
        assert max(map(len, wide.splitlines())) <= 132
        assert _plain(narrow) == _plain(wide)
        assert not any(line != line.rstrip() for line in narrow.splitlines())


def test_extra_lines_are_counted_and_never_shown(everything: Topology) -> None:
    """They may hold a password."""
    for text in (as_text(everything, 100), json.dumps(as_json(everything), default=str)):
        assert "timeout queue" not in text
        assert "lvs_flush" not in text


def test_a_lonely_load_balancer_promises_nothing(build_edited: Callable[..., Topology]) -> None:
    text = as_text(build_edited(("  lb-2: 192.168.1.112\n", "")), 100)
    assert re.search(r"loses power, or its link +without an end\n +no second load balancer", text)


# What we write of Mermaid's flow charts: a header, node definitions, links, subgraphs. Everything else is a mistake.
_ID = r"[a-z]+[0-9]*"
_QUOTED = r'"[^"]+"'
_SHAPE = rf"(\[{_QUOTED}\]|\(\[{_QUOTED}\]\)|\{{\{{{_QUOTED}\}}\}}|\[/{_QUOTED}/\])"
_GRAMMAR = re.compile(rf"  (  )?({_ID}{_SHAPE}|{_ID} (-->|-\. {_QUOTED} \.->) {_ID}|subgraph [a-z_]+\[{_QUOTED}\]|end)")


@pytest.fixture
def diagram(everything: Topology) -> list[str]:
    return as_mermaid(everything).splitlines()


def test_every_line_of_the_diagram_is_mermaid(diagram: list[str]) -> None:
    head, *lines = diagram
    assert head == "flowchart LR"
    assert [line for line in lines if not _GRAMMAR.fullmatch(line)] == []
    assert sum("subgraph" in line for line in lines) == sum(line.strip() == "end" for line in lines)


def test_every_link_joins_nodes_that_exist_once(diagram: list[str]) -> None:
    defined = [match[1] for line in diagram if (match := re.match(rf" +({_ID}){_SHAPE}$", line))]
    linked = {part for line in diagram if (match := re.match(rf" +({_ID}) -.*> ({_ID})$", line)) for part in match.groups()}
    assert len(defined) == len(set(defined))
    assert linked <= set(defined)


def test_the_diagram_names_every_way_to_an_api_server(lab_home_topology: Topology) -> None:
    text = as_mermaid(lab_home_topology)
    node = {match[2]: match[1] for match in re.finditer(rf'({_ID})\["([a-z0-9-]+)<br/>', text)}
    assert {"lb-1", "lb-2", "master-1", "master-2", "master-3"} <= set(node)
    for balancer in ("lb-1", "lb-2"):
        for master in ("master-1", "master-2", "master-3"):
            assert f"  {node[balancer]} --> {node[master]}\n" in text
    assert f"  v0 --> {node['lb-1']}\n" in text
    assert f'  v0 -. "2" .-> {node["lb-2"]}\n' in text


def test_a_shared_machine_is_one_node(build_edited: Callable[..., Topology]) -> None:
    shared = ("  lb-1: 192.168.1.111\n  lb-2: 192.168.1.112", "  master-1: 192.168.1.101\n  lb-2: 192.168.1.112")
    text = as_mermaid(build_edited(shared, ("port: 6443", "port: 8443")))
    assert text.count("master-1<br/>") == 1
    assert "and API server" in text


def test_the_json_has_seconds_and_every_part_of_the_topology(everything: Topology) -> None:
    answer = json.loads(json.dumps(as_json(everything)))
    predictions = {item["fault"]: item for item in answer["predictions"]}
    assert predictions["power-loss"]["downtime"] == pytest.approx([0.40156, 0.62234], abs=1e-5)
    assert predictions["power-loss"]["drills"] == ["power-loss", "link-cut"]
    assert answer["timers"]["watchdog_deadline"] == 1.0
    assert answer["endpoint"]["vips"][1] == {"address": "192.168.7.11/24", "load_balancers": ["lb-2", "lb-1", "end"]}
    assert answer["kubernetes"]["pod_network6"] == "fd85::/112"
    names = {"cluster": "kubernetes", "vrrp_daemon": "keepalived"}
    for field in dataclasses.fields(everything):
        assert names.get(field.name, field.name) in answer, f"{field.name} is not shown"


def test_times_read_well() -> None:
    assert [seconds(time) for time in (0.3012, 2.5, 0.0004, 0, 60)] == ["301 ms", "2.5 s", "< 1 ms", "0 ms", "60 s"]
    assert span(Range(0.1, 0.1)) == "100 ms"
    assert span(Range(0.1, 1.2)) == "100 ms to 1.2 s"


def test_rows_are_aligned_and_folded_below_themselves() -> None:
    text = rows([("a", "one two three four five six seven"), ("long", "x"), ("", "")], 26)
    assert text == "  a     one two three four\n        five six seven\n  long  x\n\n"
    assert rows([], 80) == ""
    assert [usable_width(columns) for columns in (20, 100, 400)] == [80, 100, 132]


def test_a_code_is_explained_in_json_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["twinkeel", "explain", "s025", "--format", "json"])
    with pytest.raises(SystemExit):
        main()
    told = json.loads(capsys.readouterr().out)
    assert (told["code"], told["page"]) == ("S025", "docs/spec-rules.md#s025")
    assert told["text"].startswith("# S025")
