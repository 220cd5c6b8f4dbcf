"""Each cross check: one bad example with its exact place, and one near miss that must pass."""

Edits = list[tuple[str, str]]


def vips(several: str) -> tuple[str, str]:
    return ("vip: 192.168.1.110/24", f"vips: [{several}]")


def failover(settings: str) -> tuple[str, str]:
    return ("{profile: fast}", f"{{profile: fast, {settings}}}")


def kubernetes(settings: str) -> tuple[str, str]:
    return ("network_plugin: calico}", f"{settings}}}")


def more(lines: str) -> tuple[str, str]:
    return ("ssh: {user: root}", f"ssh: {{user: root}}\n{lines}")


NODES = {"master-1": 101, "master-2": 103, "master-3": 105, "worker-1": 115, "worker-2": 124}
BALANCERS = {"lb-1": 111, "lb-2": 112}


def dual_stack(hosts: dict[str, int]) -> Edits:
    return [
        (f"{name}: 192.168.1.{end}", f"{name}: {{address: 192.168.1.{end}, address6: 'fd00::{end}'}}")
        for name, end in hosts.items()
    ]


def ipv6_only() -> Edits:
    return [(f"{name}: 192.168.1.{end}", f"{name}: fd00::{end}") for name, end in {**NODES, **BALANCERS}.items()]


NETWORKS_6 = "pod_network6: 'fd01::/112', service_network6: 'fd02::/116'"
IPV6_ALONE: Edits = [vips("'fd00::110/64'"), *ipv6_only(), kubernetes(NETWORKS_6)]
RELEASE_2_32: Edits = [("version: 1.35.4, kubespray: v2.31.0", "version: 1.36.4, kubespray: v2.32.0")]
ETCD_3 = "etcd: {etcd-1: 192.168.1.131, etcd-2: 192.168.1.132, etcd-3: 192.168.1.133}"
SHARED: Edits = [("  lb-1: 192.168.1.111", "  master-1: 192.168.1.101"), ("port: 6443", "port: 8443")]
DUAL_STACK: Edits = [vips("192.168.1.110/24, 'fd00::110/64'"), *dual_stack(BALANCERS)]


def bgp(settings: str = "", routers: str = "{address: 192.168.1.1, asn: 64500}", vip: str = "192.0.2.10") -> tuple[str, str]:
    lines = f"  mode: bgp\n  vip: {vip}\n  bgp: {{asn: 64512, routers: [{routers}]{settings}}}"
    return ("  vip: 192.168.1.110/24", lines)


def routed(entry: str) -> tuple[str, str]:
    return ("vip: 192.168.1.110/24", f"vip: {{address: {entry}}}")


# code -> (edits that break the rule, the place, what the message or hint says, edits that nearly do)
CASES: dict[str, tuple[Edits, tuple[int, int], str, Edits]] = {
    "S020": ([("worker-2:", "master-1:")], (18, 3), "`master-1` is described in two ways", [("worker-2:", "master-11:")]),
    "S021": ([("192.168.1.105", "192.168.1.115")], (17, 13), "`worker-1` has the address of `master-3`", [("1.105", "1.106")]),
    "S022": (
        [("  lb-1: 192.168.1.111", "  master-1: 192.168.1.101")],
        (7, 9),
        "API server's own on `master-1`",
        [("  lb-1: 192.168.1.111", "  master-1: 192.168.1.101"), ("port: 6443", "port: 8443")],
    ),
    "S023": ([("192.168.1.124", "224.0.0.18")], (18, 13), "(multicast)", [("192.168.1.124", "223.0.0.18")]),
    "S024": ([("192.168.1.110/24", "192.168.1.110")], (8, 8), "such as 192.168.1.110/24", [("110/24", "110/27")]),
    "S025": ([("192.168.1.110/24", "192.168.1.101/24")], (8, 8), "address of `master-1`", [("1.110/24", "1.109/24")]),
    "S026": ([("192.168.1.110/24", "192.168.1.255/24")], (8, 8), "broadcast address of 192.168.1.0/24", [("1.110/24", "1.254/24")]),
    "S027": ([("192.168.1.112", "192.168.2.112")], (11, 9), "outside the virtual IP's subnet", [("1.112", "1.12")]),
    "S028": (
        [("192.168.1.124", "10.233.64.9")],
        (18, 13),
        "inside kubernetes.pod_network 10.233.64.0/18",
        [("192.168.1.124", "10.233.128.1")],
    ),
    "S029": (
        [("network_plugin: calico", "pod_network: 10.233.0.0/16")],
        (21, 64),
        "overlap",
        [("network_plugin: calico", "pod_network: 10.232.0.0/16")],
    ),
    "S030": (
        [("network_plugin: calico", "network_plugin: flannel, pod_network: 10.233.64.0/22")],
        (21, 89),
        "room for 4 nodes, a /24 each; the cluster has 5",
        [("network_plugin: calico", "network_plugin: calico, pod_network: 10.233.64.0/22")],
    ),
    "S031": ([("  master-3: 192.168.1.105\n", "")], (12, 1), "use 3: two survive no loss", []),
    "S032": ([("  master-2: 192.168.1.103\n  master-3: 192.168.1.105\n", "")], (12, 1), "lost with it", []),
    "S033": ([("  lb-2: 192.168.1.112\n", "")], (9, 1), "add a second one", []),
    "S034": ([("worker-2:", "bastion:")], (18, 3), "`bastion`", [("worker-2:", "bastion-1:")]),
    "S035": (
        [(", server: 192.168.1.176", "")],
        (19, 13),
        "add `server: ADDRESS`",
        [("mode: manual, server: 192.168.1.176", "mode: coredns")],
    ),
    "S036": ([("mode: manual", "mode: coredns")], (19, 30), "means nothing while dns.mode is coredns", []),
    "S037": ([("version: 1.35.4", "version: v1.35.4")], (21, 23), "write 1.35.4", [("version: 1.35.4", "version: 1.33.11")]),
    "S038": (
        [("v2.31.0", "master")],
        (21, 42),
        "not a release's tag",
        [("version: 1.35.4, kubespray: v2.31.0", "version: 1.34.3, kubespray: v2.30.0")],
    ),
    "S039": ([("lb.lab-home.com", "lb")], (6, 9), "write lb.lab-home.com", [("lb.lab-home.com", "192.168.1.110")]),
    "S040": ([("port: 6443", "port: 8404")], (7, 9), "HAProxy's own loopback listener", [("port: 6443", "port: 8403")]),
    "S041": (
        [("ssh: {user: root}", "power: {off: 'bmc off', on: 'bmc on {host}'}")],
        (22, 14),
        "put {host}",
        [("ssh: {user: root}", "power: {off: 'bmc off {host}', on: 'bmc on {host}'}")],
    ),
    "S042": ([("  vip: 192.168.1.110/24\n", "")], (5, 1), "no virtual IP", [("vip: 192.168.1.110/24", "vips: [192.168.1.110/24]")]),
    "S043": ([vips("192.168.1.110/24, 192.168.1.110/24")], (8, 28), "given twice", [vips("192.168.1.110/24, 192.168.1.120/24")]),
    "S044": (
        [vips("{address: 192.168.1.110/24, vrid: 7}, {address: 192.168.1.120/24, vrid: 7}")],
        (8, 82),
        "virtual router ID 7 is given twice",
        [vips("{address: 192.168.1.110/24, vrid: 7}, {address: 192.168.1.120/24, vrid: 8}")],
    ),
    "S045": (
        [vips("{address: 192.168.1.110/24, vrid: 51}")],
        (8, 44),
        "what most examples use",
        [vips("{address: 192.168.1.110/24, vrid: 52}")],
    ),
    "S046": (
        [*DUAL_STACK, ("lb.lab-home.com", "192.168.1.110")],
        (6, 9),
        "such as api.lab-home.com",
        DUAL_STACK,
    ),
    "S047": (
        [*DUAL_STACK, ("lb-2: {address: 192.168.1.112, address6: 'fd00::112'}", "lb-2: 192.168.1.112")],
        (11, 9),
        "`lb-2` has no IPv6 address",
        DUAL_STACK,
    ),
    "S048": (
        [
            *DUAL_STACK,
            *dual_stack(NODES),
            kubernetes(NETWORKS_6),
            ("worker-2: {address: 192.168.1.124, address6: 'fd00::124'}", "worker-2: fd00::124"),
        ],
        (18, 13),
        "`worker-2` has an IPv6 address, the others an IPv4 one",
        [*DUAL_STACK, *dual_stack(NODES), kubernetes(NETWORKS_6)],
    ),
    "S049": (
        [vips("'fd00::110/64'"), *dual_stack({**BALANCERS, **NODES}), (", address6: 'fd00::124'", "")],
        (18, 23),
        "no IPv6 address, and every virtual IP is one",
        [vips("'fd00::110/64'"), *dual_stack({**BALANCERS, **NODES})],
    ),
    "S050": (
        [*dual_stack(NODES), kubernetes("pod_network6: 'fd01::/112'")],
        (21, 65),
        "needs service_network6",
        [*dual_stack(NODES), kubernetes("pod_network6: 'fd01::/112', service_network6: 'fd02::/116'")],
    ),
    "S051": (
        [kubernetes("pod_network: 192.168.16.0/20"), ("192.168.1.110/24", "192.168.1.110/16")],
        (8, 8),
        "192.168.0.0/16 overlaps kubernetes.pod_network",
        [kubernetes("pod_network: 192.168.16.0/20")],
    ),
    "S052": (
        [kubernetes("service_network: 100.64.0.0/10")],
        (21, 68),
        "/12 or smaller",
        [kubernetes("service_network: 100.64.0.0/12")],
    ),
    "S053": (
        [*dual_stack(NODES), kubernetes(NETWORKS_6), (", address6: 'fd00::124'", "")],
        (18, 23),
        "`worker-2` has no IPv6 address",
        [*dual_stack(NODES), kubernetes(NETWORKS_6)],
    ),
    "S054": (
        [vips("'fd00::110/64'"), *ipv6_only()],
        (13, 13),
        "add pod_network6 and service_network6",
        [vips("'fd00::110/64'"), *ipv6_only(), kubernetes(NETWORKS_6)],
    ),
    "S055": (
        [more("services: {web: {port: 443}, other: {port: 443}}")],
        (23, 44),
        "service `web` has it",
        [more("services: {web: {port: 443}, other: {port: 444}}")],
    ),
    "S056": (
        [*SHARED, more("services: {web: {port: 2379, target_port: 80}}")],
        (23, 24),
        "etcd on `master-1` has it",
        [*SHARED, more("services: {web: {port: 2378, target_port: 80}}")],
    ),
    "S057": ([kubernetes("api_port: 10250")], (21, 61), "kubelet has it", [kubernetes("api_port: 10251")]),
    "S058": (
        [more("services: {web: {port: 80, targets: [worker-2, worker-11]}}")],
        (23, 48),
        "did you mean `worker-1`?",
        [more("services: {web: {port: 80, targets: [worker-2, nodes, 192.168.1.7]}}")],
    ),
    "S059": (
        [("workers:\n  worker-1: 192.168.1.115\n  worker-2: 192.168.1.124\n", ""), more("services: {web: {port: 80}}")],
        (20, 12),
        "there are none",
        [more("services: {web: {port: 80}}")],
    ),
    "S060": (
        [more("services: {web: {port: 80, targets: [192.168.1.110]}}")],
        (23, 38),
        "connections to themselves",
        [more("services: {web: {port: 80, targets: [192.168.1.114]}}")],
    ),
    "S061": (
        [*SHARED, more("services: {web: {port: 80, targets: [control_plane]}}")],
        (23, 38),
        "where HAProxy itself listens",
        [*SHARED, more("services: {web: {port: 80, targets: [control_plane], target_port: 8080}}")],
    ),
    "S062": ([("worker-2:", "workers: ")], (18, 3), "name of a group", [("worker-2:", "worker:")]),
    "S063": (
        [failover("vrrp_version: 2, advert_interval: 1.5")],
        (20, 61),
        "whole seconds",
        [failover("vrrp_version: 2, advert_interval: 2.0")],
    ),
    "S064": ([*DUAL_STACK, failover("vrrp_version: 2")], (20, 41), "3 is the default", [*DUAL_STACK, failover("vrrp_version: 3")]),
    "S065": (
        [failover("authentication: password")],
        (20, 43),
        "has no authentication",
        [failover("authentication: password, vrrp_version: 2")],
    ),
    "S066": (
        [failover("watchdog_interval: 0.6")],
        (20, 46),
        "write a watchdog_deadline of 1.2 or more",
        [failover("watchdog_interval: 0.5")],
    ),
    "S067": (
        [failover("check_fast_interval: 1.1, check_fall: 1")],
        (20, 48),
        "the shorter of the two",
        [failover("check_fast_interval: 1.0, check_fall: 1")],
    ),
    "S068": (
        [failover("check_fall: 3")],
        (20, 39),
        "may need 1.5 s to notice",
        [failover("check_fall: 3, watchdog_deadline: 1.25")],
    ),
    "S069": ([failover("connect_timeout: 1.1")], (20, 44), "costs a client more", [failover("connect_timeout: 1")]),
    "S070": ([failover("failback: 2.5")], (20, 37), "may need 2.75 s", [failover("failback: 2.75")]),
    "S096": (
        [kubernetes("api_server: {shutdown_delay: 1.2}")],
        (21, 80),
        "closes its port after 1.2 s: HAProxy notices after up to 1.25 s",
        [kubernetes("api_server: {shutdown_delay: 1.25}")],
    ),
    "S115": (
        [kubernetes("api_server: {etcd: own}"), more(ETCD_3)],
        (21, 70),
        "on `master-1` has no etcd member",
        [kubernetes("api_server: {etcd: all}"), more(ETCD_3)],
    ),
    "S071": ([more("haproxy: {version: 2.1}")], (23, 20), "2.2 to 3.4", [more("haproxy: {version: 3.4.5}")]),
    "S072": ([more("keepalived: {version: 2.0}")], (23, 23), "2.1 to 2.4", [more("keepalived: {version: 2.4.3}")]),
    "S073": ([more("haproxy: {version: 2.2.13}")], (23, 20), "issue 1234", [more("haproxy: {version: 2.2.14}")]),
    "S074": ([more("keepalived: {version: 2.2.4}")], (23, 23), "CVE-2021-44225", [more("keepalived: {version: 2.2.5}")]),
    "S075": (
        [more("haproxy: {log: syslog.example.org:514}")],
        (23, 16),
        "or [fd00:1::50]:514",
        [more("haproxy: {log: '[fd00:1::50]:514'}")],
    ),
    "S076": (
        [more("haproxy: {metrics: {address: 192.168.1.111}}")],
        (23, 30),
        "`lb-2` does not have the address",
        [more("haproxy: {metrics: {address: host}}")],
    ),
    "S077": ([("version: 1.35.4", "version: 1.35.5")], (21, 23), "1.35.0 to 1.35.4", [("version: 1.35.4", "version: 1.33.11")]),
    "S078": ([("v2.31.0", "v2.99.0")], (21, 42), "known tags", []),
    "S079": (
        [kubernetes("variables: {kube_version: 1.35.4}")],
        (21, 63),
        "use kubernetes.version",
        [kubernetes("variables: {kube_versions: 1.35.4}")],
    ),
    "S080": (
        [kubernetes("certificate_names: ['*.example.org', api.*.org]")],
        (21, 88),
        "neither a DNS name nor an address",
        [kubernetes("certificate_names: ['*.example.org', api.example.org, 192.0.2.1]")],
    ),
    "S081": ([more("etcd: {etcd-1: 192.168.1.131}")], (23, 1), "use 3", [more(ETCD_3)]),
    "S082": (
        [*IPV6_ALONE, ("version: 1.35.4, kubespray: v2.31.0", "version: 1.31.4, kubespray: v2.27.0")],
        (21, 42),
        "use v2.28.0 or newer",
        [*IPV6_ALONE, ("version: 1.35.4, kubespray: v2.31.0", "version: 1.31.4, kubespray: v2.28.0")],
    ),
    "S083": (
        [kubernetes("variables: {kube_vip_enabled: true, kube_vip_controlplane_enabled: true}")],
        (21, 87),
        "two owners of one virtual IP",
        [kubernetes("variables: {kube_vip_enabled: true, kube_vip_services_enabled: true, kube_vip_controlplane_enabled: 'no'}")],
    ),
    "S084": (
        [kubernetes("variables: {metallb_config: {address_pools: {a: {ip_range: [192.168.1.100-192.168.1.120]}}}}")],
        (21, 63),
        "holds the virtual IP 192.168.1.110",
        [kubernetes("variables: {metallb_config: {address_pools: {a: {ip_range: [192.168.1.200/29, a-b]}}}}")],
    ),
    "S085": (
        [kubernetes("variables: {kube_api_anonymous_auth: false}")],
        (21, 63),
        "every health check gets 401",
        [kubernetes("variables: {kube_api_anonymous_auth: false, kube_apiserver_use_authentication_config_file: true}")],
    ),
    "S087": (
        [("lb-1: 192.168.1.111", "lb-1: {address: 192.168.1.111, vrrp_address: 10.255.0.1, vrrp_interface: ens9}")],
        (11, 3),
        "`lb-2` has no vrrp_address",
        [
            ("lb-1: 192.168.1.111", "lb-1: {address: 192.168.1.111, vrrp_address: 10.255.0.1, vrrp_interface: ens9}"),
            ("lb-2: 192.168.1.112", "lb-2: {address: 192.168.1.112, vrrp_address: 10.255.0.2, vrrp_interface: ens9}"),
        ],
    ),
    "S088": (
        [("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/24, interfaces: {lb-3: ens3}}")],
        (8, 49),
        "`lb-3` is no load balancer",
        [("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/24, interface: ens4, interfaces: {lb-2: ens3}}")],
    ),
    "S089": (
        [("ssh: {", "haproxy: {extra: {backend: option tcp-check}}\nssh: {")],
        (22, 28),
        "`option tcp-check` replaces the health check",
        [("ssh: {", "haproxy: {extra: {backend: option tcplog}}\nssh: {")],
    ),
    "S094": (
        [*RELEASE_2_32, *dual_stack(NODES), kubernetes(NETWORKS_6)],
        (21, 42),
        "refuses every cluster with IPv6",
        RELEASE_2_32,
    ),
    "S095": (
        [kubernetes("variables: {kubelet_static_pod_path: /etc/kubernetes/manifests}")],
        (21, 63),
        "has removed `kubelet_static_pod_path`",
        [
            ("version: 1.35.4, kubespray: v2.31.0", "version: 1.34.3, kubespray: v2.30.0"),
            kubernetes("variables: {kubelet_static_pod_path: /x}"),
        ],
    ),
    "S093": (
        [*RELEASE_2_32, kubernetes("variables: {a: '[1, 2]', b: [1], c: '{{ c }}', d: '[x', e: plain}")],
        (21, 63),
        "looks like a list or a mapping",
        [*RELEASE_2_32, kubernetes("variables: {a: [1, 2], b: true, c: '{{ [1] }}', d: 'x[1]', e: plain}")],
    ),
    "S097": (
        [("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/24, interface: ens4}"), failover("second_chance: true")],
        (20, 42),
        "on ens4 and the address of the host on eth0",
        [("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/24, interface: eth0}"), failover("second_chance: true")],
    ),
    "S086": (
        [kubernetes("variables: {http_proxy: 'http://10.0.0.9:3128', no_proxy: 'localhost,192.168.1.0/24'}")],
        (21, 99),
        "lb.lab-home.com is not in no_proxy",
        [kubernetes("variables: {http_proxy: 'http://10.0.0.9:3128', no_proxy: 'localhost,192.168.1.0/24,.lab-home.com'}")],
    ),
    "S098": ([more("haproxy: {version: 3.5}")], (23, 20), "those of 3.4", [more("haproxy: {version: 3.4.5}")]),
    "S099": (
        [failover("authentication: hmac"), more("keepalived: {version: 2.4.1}")],
        (20, 43),
        "`hmac` needs 2.4.2",
        [failover("authentication: hmac"), more("keepalived: {version: 2.4}")],
    ),
    "S100": ([("vip: 192.168.1.110/24", "mode: bgp\n  vip: 192.0.2.10")], (8, 9), "says nothing of autonomous systems", [bgp()]),
    "S101": ([bgp(), failover("transport: multicast")], (22, 27), "`failover.transport` is for VRRP", [bgp()]),
    "S102": ([bgp(vip="192.0.2.10/24")], (9, 8), "in no subnet", [bgp(vip="192.0.2.10/32")]),
    "S103": (
        [bgp(routers="{address: 'fd00::1', asn: 64500}, {address: 192.168.1.1, asn: 64500}")],
        (10, 41),
        "there is no IPv6 virtual IP to announce to fd00::1",
        [bgp(routers="{address: 192.168.1.2, asn: 64500}, {address: 192.168.1.1, asn: 64500}")],
    ),
    "S104": (
        [bgp(routers="{address: 192.168.1.101, asn: 64500}")],
        (10, 41),
        "the router has the address of `master-1`",
        [bgp(routers="{address: 192.168.1.102, asn: 64500}")],
    ),
    "S105": (
        [bgp(routers="{address: 192.168.1.1, asn: 64512, hops: 2}")],
        (10, 72),
        "counts no hops",
        [bgp(routers="{address: 192.168.1.1, asn: 64512}")],
    ),
    "S106": ([bgp(), more("frr: {version: 8.1}")], (25, 16), "FRR 8.1 is not supported", [bgp(), more("frr: {version: 8.5}")]),
    "S107": (
        [bgp(settings=", bfd: {interval: 3}")],
        (10, 84),
        "after 9 s, and BGP itself after 9 s",
        [bgp(settings=", bfd: {interval: 2.9}")],
    ),
    "S108": (
        [routed("192.168.1.110/24, next_hop: 192.168.1.120/24")],
        (8, 36),
        "routers need no next hop to it",
        [routed("192.0.2.10/32, routed: true, next_hop: 192.168.1.120/24")],
    ),
}
