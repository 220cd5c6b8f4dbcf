"""What each hint of `check` says is done, and the finding is gone, and no other one has come."""

from collections.abc import Callable

import pytest
from rule_cases import BALANCERS, CASES, ETCD_3, NETWORKS_6, NODES, dual_stack

from twinkeel.spec.load import Loaded

Edited = Callable[..., Loaded]

ALL = {**NODES, **BALANCERS}
WORKER_6 = ("worker-2: {address: 192.168.1.124}", "worker-2: {address: 192.168.1.124, address6: 'fd00::124'}")
# Code -> (a part of the hint, the edits of the broken spec that it asks for), for each thing that the hint offers.
DONE: dict[str, list[tuple[str, list[tuple[str, str]]]]] = {
    "S020": [
        ("alike in each of them", [("master-1: 192.168.1.124", "master-1: 192.168.1.101")]),
        ("its own name", [("master-1: 192.168.1.124", "worker-2: 192.168.1.124")]),
    ],
    "S021": [
        ("its own address", [("master-3: 192.168.1.115", "master-3: 192.168.1.105")]),
        ("has one name", [("worker-1: 192.168.1.115", "master-3: 192.168.1.115")]),
    ],
    "S022": [("such as 8443", [("port: 6443", "port: 8443")])],
    "S023": [("the address", [("224.0.0.18", "192.168.1.124")])],
    "S024": [
        ("192.168.1.110/24", [("vip: 192.168.1.110", "vip: 192.168.1.110/24")]),
        ("`routed: true`", [("vip: 192.168.1.110", "vip: {address: 192.168.1.110, routed: true}")]),
    ],
    "S025": [("an address that no machine has", [("101/24", "110/24")])],
    "S026": [
        ("between the first and the last", [("255/24", "254/24")]),
        ("prefix length", [("255/24", "255/22"), ("{version: 1.35", "{pod_network: 10.1.0.0/16, version: 1.35")]),
    ],
    "S027": [
        ("into one subnet", [("192.168.2.112", "192.168.1.112")]),
        ("prefix length", [("110/24", "110/22")]),
        ("`interface`", [("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/24, interface: ens3}")]),
        ("`routed`", [("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/32, routed: true}")]),
    ],
    "S028": [("another kubernetes.pod_network", [("network_plugin: calico", "pod_network: 10.128.0.0/16")])],
    "S029": [("two networks that share no address", [("10.233.0.0/16", "10.128.0.0/16")])],
    "S030": [("/21 or larger", [("10.233.64.0/22", "10.233.64.0/21")])],
    "S031": [
        ("use 3", [("control_plane:\n", "control_plane:\n  master-9: 192.168.1.109\n")]),
    ],
    "S032": [("use 3", [("control_plane:\n", "control_plane:\n  master-8: 192.168.1.108\n  master-9: 192.168.1.109\n")])],
    "S033": [("a second one", [("load_balancers:\n", "load_balancers:\n  lb-9: 192.168.1.119\n")])],
    "S034": [("another name", [("bastion:", "worker-2:")])],
    "S035": [("`server: ADDRESS`", [("{mode: manual}", "{mode: manual, server: 192.168.1.176}")])],
    "S036": [
        ("`mode: manual`", [("mode: coredns", "mode: manual")]),
        ("delete it", [(", server: 192.168.1.176", "")]),
    ],
    "S037": [("write 1.35.4", [("v1.35.4", "1.35.4")])],
    "S038": [("v2.31.0", [("kubespray: master", "kubespray: v2.31.0")])],
    "S039": [("lb.lab-home.com", [("name: lb\n", "name: lb.lab-home.com\n")])],
    "S040": [("such as 6443", [("port: 8404", "port: 6443")])],
    "S041": [("put {host} where", [("off: 'bmc off'", "off: 'bmc off {host}'")])],
    "S042": [("`vip: 192.168.1.110/24`", [("  port: 6443\n", "  port: 6443\n  vip: 192.168.1.110/24\n")])],
    "S043": [("delete one", [("[192.168.1.110/24, ", "[")])],
    "S044": [
        ("its own", [("20/24, vrid: 7", "20/24, vrid: 8")]),
        ("delete both lines", [("10/24, vrid: 7", "10/24"), ("20/24, vrid: 7", "20/24")]),
    ],
    "S045": [("choose another", [("vrid: 51", "vrid: 52")]), ("delete the line", [(", vrid: 51", "")])],
    "S046": [("api.lab-home.com", [("name: 192.168.1.110", "name: api.lab-home.com")])],
    "S047": [("`address6: ADDRESS`", [("lb-2: 192.168.1.112", "lb-2: {address: 192.168.1.112, address6: 'fd00::112'}")])],
    "S048": [("this one as `address6`", [("worker-2: fd00::124", WORKER_6[1])])],
    "S049": [
        ("give it one", [WORKER_6]),
        ("a virtual IP of its kind", [("'fd00::110/64'", "'fd00::110/64', 192.168.1.110/24")]),
    ],
    "S050": [
        ("add `service_network6:`", [("'fd01::/112'", "'fd01::/112', service_network6: 'fd02::/116'")]),
        ("delete `pod_network6`", [("pod_network6: 'fd01::/112'", "")]),
    ],
    "S051": [
        ("another kubernetes.pod_network", [("192.168.16.0/20", "10.128.0.0/16")]),
        ("prefix length", [("110/16", "110/24")]),
    ],
    "S052": [("/12 or smaller", [("100.64.0.0/10", "100.64.0.0/12")])],
    "S053": [("`address6: ADDRESS`", [WORKER_6])],
    "S054": [("pod_network6 and service_network6", [("network_plugin: calico", NETWORKS_6)])],
    "S055": [("another port", [("other: {port: 443}", "other: {port: 444}")])],
    "S056": [
        ("another port", [("port: 2379", "port: 8080")]),
        ("another machine", [("load_balancers:\n  master-1: 192.168.1.101", "load_balancers:\n  lb-1: 192.168.1.111")]),
    ],
    "S057": [("such as 6443", [("api_port: 10250", "api_port: 6443")])],
    "S058": [("`worker-1`", [("worker-11", "worker-1")])],
    "S059": [
        ("add workers", [("dns:", "workers: {worker-1: 192.168.1.115}\ndns:")]),
        ("targets: [control_plane]", [("web: {port: 80", "web: {port: 80, targets: [control_plane]")]),
    ],
    "S060": [("the addresses of those", [("[192.168.1.110]", "[192.168.1.114]")])],
    "S061": [
        ("`target_port`", [("[control_plane]", "[control_plane], target_port: 8080")]),
        ("other targets", [("[control_plane]", "[workers]")]),
    ],
    "S062": [("another name", [("  workers: ", "  worker-2:")])],
    "S063": [("whole seconds", [("advert_interval: 1.5", "advert_interval: 1")])],
    "S064": [("delete the line", [(", vrrp_version: 2", "")])],
    "S065": [("delete the line", [(", authentication: password", "")])],
    "S066": [("1.2 or more", [("watchdog_interval: 0.6", "watchdog_interval: 0.6, watchdog_deadline: 1.2")])],
    "S067": [("the shorter", [("check_fast_interval: 1.1", "check_fast_interval: 0.9")])],
    "S068": [
        ("check_interval", [("check_fall: 3", "check_fall: 3, check_interval: 0.7")]),
        ("check_fast_interval", [("check_fall: 3", "check_fall: 3, check_fast_interval: 0.1")]),
        ("check_fall", [("check_fall: 3", "check_fall: 2")]),
        ("lengthen watchdog_deadline", [("check_fall: 3", "check_fall: 3, watchdog_deadline: 1.25")]),
    ],
    "S069": [("shorten", [("connect_timeout: 1.1", "connect_timeout: 1")])],
    "S070": [("60", [("failback: 2.5", "failback: 60")]), ("`never`", [("failback: 2.5", "failback: never")])],
    "S096": [("a shutdown_delay of 1.25", [("shutdown_delay: 1.2", "shutdown_delay: 1.25")])],
    "S115": [("write `all`", [("etcd: own", "etcd: all")])],
    "S071": [("2.2 to", [("version: 2.1", "version: 2.2.14")]), ("to 3.4", [("version: 2.1", "version: 3.4")])],
    "S072": [("2.1 to", [("version: 2.0", "version: 2.2.5")]), ("to 2.4", [("version: 2.0", "version: 2.4")])],
    "S098": [("write 3.4", [("version: 3.5", "version: 3.4")])],
    "S099": [
        ("write `keepalived: {version: 2.4.2}`", [("version: 2.4.1", "version: 2.4.2")]),
        ("delete the line", [(", authentication: hmac", "")]),
    ],
    "S073": [("2.2.14 or newer", [("2.2.13", "2.2.14")])],
    "S074": [("2.2.5 or newer", [("2.2.4", "2.2.5")])],
    "S075": [
        ("/dev/log", [("syslog.example.org:514", "/dev/log")]),
        ("192.168.1.50:514", [("syslog.example.org:514", "192.168.1.50:514")]),
        ("[fd00:1::50]:514", [("syslog.example.org:514", "'[fd00:1::50]:514'")]),
    ],
    "S076": [("`host`", [("address: 192.168.1.111}", "address: host}")])],
    "S077": [
        ("1.33.0 to 1.33.11", [("1.35.5", "1.33.11")]),
        ("1.34.0 to 1.34.7", [("1.35.5", "1.34.7")]),
        ("1.35.0 to 1.35.4", [("1.35.5", "1.35.0")]),
    ],
    "S078": [("v2.31.0", [("v2.99.0", "v2.31.0")])],
    "S079": [("delete it", [("kube_version: 1.35.4", "")])],
    "S080": [("like api.example.org", [("api.*.org", "api.example.org")])],
    "S081": [("use 3", [("etcd: {etcd-1: 192.168.1.131}", ETCD_3)])],
    "S082": [
        ("v2.28.0 or newer", [("v2.27.0", "v2.28.0")]),
        (
            "IPv4 address",
            [(f"{name}: fd00::{end}\n", f"{new}\n") for name, end in ALL.items() for _, new in dual_stack({name: end})],
        ),
    ],
    "S083": [("set it to false", [("controlplane_enabled: true", "controlplane_enabled: false")])],
    "S084": [("out of that range", [("100-192.168.1.120", "111-192.168.1.120")])],
    "S085": [
        ("{type: tcp}", [("variables:", "api_check: {type: tcp}, variables:")]),
        ("`client_certificate`", [("variables:", "api_check: {client_certificate: /etc/haproxy/check.pem}, variables:")]),
        ("structured authentication", [("_auth: false", "_auth: false, kube_apiserver_use_authentication_config_file: true")]),
    ],
    "S086": [
        ("add it", [("192.168.1.0/24'", "192.168.1.0/24,lb.lab-home.com'")]),
        ("delete no_proxy", [(", no_proxy: 'localhost,192.168.1.0/24'", "")]),
    ],
    "S087": [
        ("give every", [("lb-2: 192.168.1.112", "lb-2: {address: 192.168.1.112, vrrp_address: 10.255.0.2, vrrp_interface: ens9}")]),
        ("or none", [(", vrrp_address: 10.255.0.1, vrrp_interface: ens9", "")]),
    ],
    "S088": [("lb-1, lb-2", [("lb-3: ens3", "lb-2: ens3")])],
    "S089": [
        ("delete the line", [("option tcp-check", "''")]),
    ],
    "S093": [("write it as YAML", [("'[1, 2]'", "[1, 2]")])],
    "S095": [("delete it", [("variables: {kubelet_static_pod_path: /etc/kubernetes/manifests}", "")])],
    "S097": [
        ("delete second_chance", [(", second_chance: true", "")]),
        ("on the interface that", [("interface: ens4", "interface: eth0")]),
    ],
    "S100": [
        ("add `bgp:", [("mode: bgp", "mode: bgp\n  bgp: {asn: 64512, routers: [{address: 192.168.1.1, asn: 64500}]}")]),
    ],
    "S101": [("delete it", [(", transport: multicast", "")])],
    "S102": [("write 192.0.2.10", [("192.0.2.10/24", "192.0.2.10")])],
    "S103": [
        ("delete this router", [("{address: 'fd00::1', asn: 64500}, ", "")]),
    ],
    "S104": [("the router's own", [("192.168.1.101, asn", "192.168.1.1, asn")])],
    "S105": [("delete the line", [(", hops: 2", "")])],
    "S106": [("8.4 to 10.7", [("version: 8.1", "version: 8.4")])],
    "S107": [("shorter than hold_time", [("interval: 3", "interval: 1")])],
    "S108": [("`routed: true`", [("192.168.1.110/24, next_hop", "192.0.2.10/32, routed: true, next_hop")])],
    "S094": [("use v2.31.0", [("version: 1.36.4, kubespray: v2.32.0", "version: 1.35.4, kubespray: v2.31.0")])],
}


def test_every_rule_has_its_hint_done() -> None:
    assert sorted(DONE) == sorted(CASES)


@pytest.mark.parametrize(("code", "part", "edits"), [(code, *each) for code in DONE for each in DONE[code]])
def test_after_its_hint_a_finding_is_gone_and_no_other_has_come(
    load_edited: Edited, code: str, part: str, edits: list[tuple[str, str]]
) -> None:
    broken = CASES[code][0]
    assert part in load_edited(*broken).diagnostics[0].hint
    assert load_edited(*broken, *edits).diagnostics == ()
