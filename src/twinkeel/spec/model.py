"""The spec's model: what twinkeel.yaml may say, with every default.

Each key carries its description, its unit and an example: the reference page and the JSON Schema are made from here, and a
test fails when one is missing. Positions are kept apart (see `twinkeel.spec.document`); what keys must be together is in
`twinkeel.spec.rules`.
"""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from twinkeel.spec.fields import (
    AbsolutePath,
    Address,
    Address6,
    AddressOrHost,
    AsNumber,
    BgpCommunity,
    DomainName,
    Flag,
    HostName,
    Interface,
    InterfaceName,
    Network,
    Network6,
    Port,
    PromFile,
    Reader,
    SecondsOrNever,
    UrlPath,
    Version,
    Word,
    one_or_more,
    short_form,
)

MONITOR_PORT = 8404
"""Where HAProxy answers on each load balancer's loopback; nothing else of ours can have it, too."""

REQUIRED: Any = ...


def key(default: Any, description: str, example: Any = None, unit: str = "", **more: Any) -> Any:
    """One documented key. `default` is a value, REQUIRED, or a class or function that makes one."""
    extra: dict[str, JsonValue] = {"unit": unit} if unit else {}
    examples = [example] if example is not None else None
    if isinstance(default, type) and issubclass(default, BaseModel):
        # The group with its own defaults, made by the validator of the whole spec: an instance would need one of its own.
        default, more = dict, more | {"validate_default": True}
    if callable(default):
        return Field(default_factory=default, description=description, examples=examples, json_schema_extra=extra, **more)
    return Field(default, description=description, examples=examples, json_schema_extra=extra, **more)


class _Strict(BaseModel):
    # Only ClusterSpec's validator is used, and it has all others in it.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Host(_Strict):
    """One machine. In the file it may be just an address. A machine with several roles is named in each of them."""

    address: Address = key(REQUIRED, "Where the other hosts reach it. IPv4, or IPv6 in a cluster without IPv4.", "192.168.1.111")
    address6: Address6 | None = key(None, "Its IPv6 address in a dual-stack cluster.", "fd00:1::111")
    interface: InterfaceName | None = key(
        None, "Network interface that carries the address; without it, `interface` of the spec.", "ens18"
    )
    ssh_address: Address | None = key(
        None,
        "Where SSH and Ansible reach it, when that is another address (a floating one); without it, `address`.",
        "198.51.100.11",
    )
    access_address: Address | None = key(
        None,
        "Where other clusters' hosts and clients reach this node (Kubespray's access_ip); without it, `address`.",
        "198.51.100.21",
    )
    vrrp_address: Address | None = key(
        None,
        "A load balancer's address on a VRRP link of its own. While the link is cut, two hold the virtual IP.",
        "10.255.0.1",
    )
    vrrp_interface: InterfaceName | None = key(None, "The interface of that link.", "ens9")
    ssh_user: Word | None = key(None, "SSH user of this host; without it, `ssh.user`.", "admin")
    ssh_port: Port | None = key(None, "SSH port of this host; without it, `ssh.port`.", 2222)


HostEntry = Annotated[Host, short_form("address", Address | Host)]


class VirtualIp(_Strict):
    """One virtual IP. In the file it may be just an address with its prefix length."""

    address: Interface = key(REQUIRED, "The address and the prefix length of the load balancers' network.", "192.168.1.110/24")
    vrid: int | None = key(
        None,
        "Virtual router ID. Without it, it is derived from the cluster's name and the address. Unique on a network.",
        77,
        ge=2,
        le=255,
    )

    interface: InterfaceName | None = key(
        None, "Interface of the load balancers that carries it; without it, each one's own `interface`.", "ens3"
    )
    interfaces: dict[HostName, InterfaceName] = key(
        dict, "The same by load balancer, where they differ.", {"lb-1": "ens3", "lb-2": "eno1"}
    )

    routed: Flag = key(
        False,
        "The network routes this address to the load balancers, and it is in no subnet of theirs: write it with /32 or /128.",
        True,
    )
    next_hop: Interface | None = key(
        None,
        "Of a routed virtual IP: an address in the load balancers' subnet that moves with it. The router's static route to the "
        "virtual IP points there. Without it, the route must name the router's interface.",
        "192.168.1.120/24",
    )

    def interface_on(self, host: str) -> str | None:
        """The interface that carries it on a load balancer; None for the host's own."""
        return self.interfaces.get(host) or self.interface


VirtualIpEntry = Annotated[VirtualIp, short_form("address", Interface | VirtualIp)]


_ROUTER = {"address": "10.0.0.1", "asn": 64500}


class BgpRouter(_Strict):
    """A router that every load balancer has a BGP session with."""

    address: Address = key(
        REQUIRED, "Its address on the load balancers' network. IPv4 for IPv4 virtual IPs, IPv6 for IPv6.", "10.0.0.1"
    )
    asn: AsNumber = key(
        REQUIRED, "Its autonomous system. That of the load balancers makes the session an internal one (iBGP).", 64500
    )
    hops: int = key(1, "How many hops away it is at most. 1: on the load balancers' own network.", 2, ge=1, le=255)


class Bfd(_Strict):
    """How fast a router and a load balancer notice that the other is gone (RFC 5880)."""

    interval: float | None = key(
        None, "Between two packets, both ways. fast: 0.05, steady: 0.3. FRR counts in milliseconds.", 0.05, "s", ge=0.01, le=60
    )
    multiplier: int = key(3, "Packets missed in a row until the other one is gone. FRR 8.4 takes 2 or more.", 3, ge=1, le=255)


class Bgp(_Strict):
    """How load balancers announce the virtual IPs to routers, with `mode: bgp`."""

    asn: AsNumber = key(REQUIRED, "The load balancers' autonomous system, one for all of them.", 64512)
    routers: list[BgpRouter] = key(
        REQUIRED,
        "The routers, one or more. Each virtual IP is announced to those of its kind.",
        [_ROUTER],
        min_length=1,
        max_length=16,
    )
    authentication: Literal["none", "md5"] = key(
        "none", "`md5` signs the TCP connections with the secret `bgp_password` (RFC 2385). FRR has no TCP-AO.", "md5"
    )
    hold_time: int = key(
        9, "After so long without a message a session is over, where BFD has not ended it before.", 9, "s", ge=3, le=3600
    )
    bfd: Bfd | Literal[False] = key(
        Bfd, "The detection of a lost link or machine. `false`: none, and `hold_time` counts.", {"interval": 0.05, "multiplier": 3}
    )
    communities: list[BgpCommunity] = key(
        list, "Communities announced with every virtual IP: ASN:NUMBER, ASN:NUMBER:NUMBER, or no-export.", ["64512:100"]
    )
    return_delay: float = key(
        120,
        "How long a load balancer that failed must be well until it announces again, while another one serves. Its return makes "
        "routers spread established connections anew.",
        300,
        "s",
        ge=0,
        le=86400,
    )


class Endpoint(_Strict):
    """Where clients find the API: a name, a port, and the virtual IP or several."""

    name: DomainName = key(
        REQUIRED, "The name that clients use. It must resolve to the virtual IPs on every node.", "lb.lab-home.com"
    )
    port: Port = key(
        6443, "The port of the endpoint. On load balancers that are control-plane hosts: not `kubernetes.api_port`.", 8443
    )
    vip: VirtualIpEntry | None = key(None, "The virtual IP. Either this or `vips` is needed.", "192.168.1.110/24")
    vips: list[VirtualIpEntry] = key(
        list,
        "Several virtual IPs, IPv4 and IPv6. Each load balancer is the first choice of some; DNS gives clients all of them.",
        ["192.168.1.110/24", "fd00:1::110/64"],
        max_length=32,
    )
    mode: Literal["vrrp", "bgp"] = key(
        "vrrp",
        "`vrrp`: one load balancer holds a virtual IP (Keepalived). `bgp`: all of them announce it to routers (FRR).",
        "bgp",
    )
    bgp: Bgp | None = key(None, "With `mode: bgp`, how they announce it.", {"asn": 64512, "routers": [_ROUTER]})

    def virtual_ips(self) -> Iterator[tuple[tuple[str | int, ...], VirtualIp]]:
        """Every virtual IP with the place in the file where it stands."""
        if self.vip is not None:
            yield ("endpoint", "vip", "address"), self.vip
        for place, vip in enumerate(self.vips):
            yield ("endpoint", "vips", place, "address"), vip


class ServiceCheck(_Strict):
    """How a server of an extra service is checked."""

    type: Literal["tcp", "http", "https"] = key(
        "tcp", "tcp connects; http and https ask for `path` (https without verifying).", "http"
    )
    path: UrlPath = key("/", "What is asked for.", "/healthz")
    port: Port | None = key(None, "Port that is checked; without it, the one that is served.", 10254)
    status: int = key(200, "The HTTP status that means healthy.", 200, ge=100, le=599)


class Service(_Strict):
    """One more TCP service through the same virtual IPs: an ingress, a registry."""

    port: Port = key(REQUIRED, "Port on the virtual IPs.", 443)
    targets: Annotated[list[Word], one_or_more(Word | Annotated[list[Word], Field(min_length=1)])] = key(
        ["workers"],
        "Who serves it: `workers`, `control_plane`, `nodes` (both), names of hosts, or addresses.",
        ["workers"],
        min_length=1,
    )
    target_port: Port | None = key(None, "Port on the targets; without it, `port`.", 30443)
    proxy_protocol: Literal["none", "v1", "v2"] = key(
        "none", "Tells the targets the client's address (PROXY protocol). They must expect it.", "v2"
    )
    check: ServiceCheck = key(ServiceCheck, "How a target is checked.", {"type": "http", "path": "/healthz", "port": 10254})


class Dns(_Strict):
    """The cluster's DNS (Kubespray's dns_mode), and resolvers outside it."""

    mode: Literal["coredns", "coredns_dual", "manual", "none"] = key(
        "coredns", "`coredns` installs CoreDNS, `manual` uses `server` instead, `none` leaves pods without.", "manual"
    )
    server: Address | None = key(None, "The DNS server that pods use with `mode: manual`.", "192.168.1.176")
    upstream: list[Address] = key(list, "Resolvers that the cluster's DNS asks for names outside the cluster.", ["192.168.1.1"])


class Failover(_Strict):
    """How a load balancer's loss is noticed. A timer that is given here overrides the profile's."""

    profile: Literal["fast", "steady"] = key(
        "fast", "`fast` for machines that answer in time, `steady` for busy hypervisors and networks.", "steady"
    )
    transport: Literal["unicast", "multicast"] = key(
        "unicast", "How load balancers reach each other. Unicast works where switches filter multicast.", "multicast"
    )
    vrrp_version: int = key(3, "2 only beside routers that need it: whole seconds, IPv4 alone, slower.", 2, ge=2, le=3)
    authentication: Literal["none", "password", "hmac"] = key(
        "none",
        "`hmac` signs every advertisement (HMAC-SHA256, Keepalived 2.4.2 and newer); `password` puts one into it, in clear text "
        "(VRRP version 2 alone has it).",
        "password",
    )
    failback: SecondsOrNever | None = key(
        None,
        "Seconds after which a better load balancer that came back takes its virtual IP again, or `never`. "
        "Without it: never with one virtual IP of a kind, 60 with several.",
        "never",
        "s",
    )
    second_chance: Flag | None = key(
        None,
        "After a planned move the old holder goes on serving its connections, and the new one passes their segments on. With "
        "`mode: bgp` each load balancer passes on what belongs to another one. "
        "Needs Linux 5.10 and nftables on the load balancers, and one network segment for them. "
        "Without it: with `mode: vrrp` where it can be; `twinkeel explain` says where it can't.",
        False,
    )
    second_chance_window: float = key(60, "For how long it does so at most; at a reboot 10 s at most.", 120, "s", ge=5, le=3600)
    budget: dict[str, Annotated[float, Field(gt=0)]] = key(
        dict, "Longest downtime that passes in a drill, by scenario (`twinkeel drill list`).", {"power-loss": 500}, "ms"
    )
    advert_interval: float | None = key(
        None,
        "Between two advertisements of the holder. fast: 0.07, steady: 1. Version 2: whole seconds.",
        0.2,
        "s",
        ge=0.01,
        le=255,
    )
    check_interval: float | None = key(
        None, "Between two checks of a healthy API server. fast: 1, steady: 2.", 2, "s", ge=0.1, le=60
    )
    check_fast_interval: float | None = key(
        None, "Between checks of an API server once one failed. fast: 0.25, steady: 1.", 0.5, "s", ge=0.05, le=60
    )
    check_timeout: float | None = key(None, "How long an answer to a check may take. fast: 2, steady: 3.", 3, "s", ge=0.1, le=60)
    check_fall: int | None = key(None, "Failed checks in a row until an API server is down. fast: 2, steady: 3.", 3, ge=1, le=20)
    check_rise: int | None = key(None, "Good checks in a row until it is up again. fast: 3, steady: 2.", 2, ge=1, le=20)
    connect_timeout: float | None = key(
        None,
        "How long a connection to an API server may take before another one is tried. fast: 0.75, steady: 0.75.",
        1,
        "s",
        ge=0.1,
        le=60,
    )
    watchdog_interval: float | None = key(
        None, "Between two requests to HAProxy on its own host. fast: 0.25, steady: 1.", 0.5, "s", ge=0.05, le=60
    )
    watchdog_deadline: float | None = key(
        None,
        "How long HAProxy may stay silent until it is killed and the virtual IP moves. fast: 1, steady: 4.",
        2,
        "s",
        ge=0.2,
        le=600,
    )


class HaproxyExtra(_Strict):
    """Lines of your own for haproxy.cfg. `check` lets HAProxy validate them where it is installed."""

    global_: str | None = key(None, "At the end of `global`.", "tune.bufsize 32768", alias="global")
    defaults: str | None = key(None, "At the end of `defaults`.", "timeout http-keep-alive 10s")
    frontend: str | None = key(None, "At the end of the API's `frontend`.", "tcp-request connection reject if { src 192.0.2.0/24 }")
    backend: str | None = key(None, "At the end of the API's `backend`.", "timeout server 2h")
    sections: str | None = key(None, "Whole sections at the end of the file.", "frontend stats\n  mode http\n  bind 127.0.0.1:9000")


class KeepalivedExtra(_Strict):
    """Lines of your own for keepalived.conf. `check` lets Keepalived validate them where it is installed."""

    global_defs: str | None = key(None, "At the end of `global_defs`.", "vrrp_garp_lower_prio_repeat 1")
    definitions: str | None = key(
        None,
        "Whole blocks before the first `vrrp_instance`: what an instance names must be known by then.",
        "vrrp_track_process bird {\n  process bird\n}",
    )
    vrrp_instance: str | None = key(None, "At the end of every `vrrp_instance`.", "garp_master_repeat 3")
    sections: str | None = key(None, "Whole blocks at the end of the file.", "static_ipaddress {\n  192.0.2.1/32 dev lo\n}")


class Metrics(_Strict):
    """HAProxy's metrics for Prometheus, at GET /metrics."""

    address: AddressOrHost = key(REQUIRED, "Where it listens: `host` for each load balancer's own address, or one address.", "host")
    port: Port = key(8405, "The port.", 8405)
    user: Word | None = key(
        None, "Ask for this user and the secret `metrics_password`. Without it anyone who reaches the port may read.", "prometheus"
    )
    readers: list[Reader] = key(
        list,
        "Who may connect: addresses and networks, for HAProxy and for `system.firewall`. Without it, anyone who reaches the port.",
        ["192.168.1.50", "fd00:1::/64"],
    )


class Haproxy(_Strict):
    """What HAProxy is, and what it does beside serving the API."""

    version: Version = key("2.6", "The oldest HAProxy of your load balancers (2.2 to 3.4): what it lacks is not rendered.", "2.4")
    log: Word = key("/dev/log", "Where it logs: a socket's path, or a syslog server as ADDRESS:PORT (UDP).", "192.168.1.50:514")
    max_connections: int = key(
        8000,
        "Client connections at once, for the API and for each extra service. A cluster of 1,000 nodes holds about 4,000.",
        20000,
        ge=100,
        le=400_000,
    )
    balance: Literal["leastconn", "random", "roundrobin"] = key(
        "leastconn",
        "Which server a new connection goes to, of the API's and of extra services'. `leastconn`: to the one with the fewest; "
        "`random`: to the better of two that are drawn; `roundrobin`: to each in turn.",
        "random",
    )
    metrics: Metrics | None = key(
        None, "Open HAProxy's Prometheus metrics to the network. Without it they are on the loopback alone.", {"address": "host"}
    )
    extra: HaproxyExtra = key(HaproxyExtra, "Raw lines, where no key of ours does it.", {"defaults": "timeout queue 10s"})


class Monitoring(_Strict):
    """What each load balancer tells Prometheus of itself, at GET /metrics. HAProxy's own metrics are `haproxy.metrics`."""

    address: AddressOrHost = key(REQUIRED, "Where it listens: `host` for each load balancer's own address, or one address.", "host")
    port: Port = key(8406, "The port.", 8406)
    readers: list[Reader] = key(
        list,
        "Who may read: addresses and networks, for the program and for `system.firewall`. Without it, anyone who reaches the port.",
        ["192.168.1.50", "fd00:1::/64"],
    )
    textfile: PromFile | None = key(
        None,
        "A file for node_exporter's textfile collector, kept beside the listener. Its folder must be there.",
        "/var/lib/prometheus/node-exporter/twinkeel.prom",
    )


class Keepalived(_Strict):
    """What Keepalived is."""

    version: Version = key("2.2", "The oldest Keepalived of your load balancers (2.1 to 2.4).", "2.3")
    extra: KeepalivedExtra = key(
        KeepalivedExtra, "Raw lines, where no key of ours does it.", {"global_defs": "vrrp_garp_lower_prio_repeat 1"}
    )


class Frr(_Strict):
    """What FRR is, with `endpoint.mode: bgp`."""

    version: Version = key("8.4", "The oldest FRR of your load balancers (8.4 to 10.7).", "10.3")


class System(_Strict):
    """The load balancers' operating system."""

    packages: Literal["auto", "apt", "dnf"] = key("auto", "The package manager; `auto` looks on the host.", "dnf")
    firewall: Literal["none", "firewalld", "ufw", "nftables"] = key(
        "none", "Which firewall gets rules: VRRP from the other load balancers alone, and the served ports.", "firewalld"
    )
    selinux: Literal["auto", "ignore"] = key(
        "auto",
        "`auto` sets the booleans and installs the module that HAProxy and Keepalived need where SELinux is on, and never turns "
        "it off.",
        "ignore",
    )


class ApiCheck(_Strict):
    """How API servers are asked whether they serve. HAProxy, `apply`, `status` and the drills all do it so."""

    type: Literal["https", "tcp"] = key(
        "https",
        "https asks for /readyz without credentials; tcp connects and verifies the certificate, and takes any answer.",
        "tcp",
    )
    status: int = key(
        200, "The status of /readyz that means ready. A server that is not ready answers 401, too.", 401, ge=100, le=599
    )
    client_certificate: AbsolutePath | None = key(
        None,
        "For API servers that answer nobody else: a PEM file of a certificate and its key on every load balancer, which you put "
        "there and renew. HAProxy alone shows it; `apply`, `status` and the drills then take any answer.",
        "/etc/haproxy/api-check.pem",
    )
    certificate_name: DomainName | None = key(
        "kubernetes",
        "A DNS name that every API server's certificate must hold; kubeadm writes this one. Without a value, HAProxy takes any "
        "certificate of the cluster's authority.",
        "kubernetes.default",
    )


class ApiServer(_Strict):
    """How API servers stop, and how their clients spread again. Kubespray writes it into their manifests; the lab has it, too.

    `kube_kubeadm_apiserver_extra_args` of `variables` adds to it, and wins.
    """

    shutdown_delay: float | None = key(
        None,
        "How long an API server that is told to stop goes on serving while /readyz fails: longer than HAProxy takes to notice. "
        "Kubelet kills it 30 s after it told it to stop. Without it: HAProxy's longest detection, rounded up, and 3. 0: no delay.",
        10,
        "s",
        ge=0,
        le=20,
    )
    goaway_chance: float = key(
        0.001,
        "The share of HTTP/2 requests after which an API server asks its client to connect anew: without it clients stay where "
        "they are, and a server that was away idles. 0: never. With one control-plane host it is left out.",
        0,
        ge=0,
        le=0.02,
    )
    etcd: Literal["own", "all"] | None = key(
        None,
        "Which etcd members an API server asks: the one on its own host, or all in turn, of which a lost one stops a third of all "
        "reads for ten seconds. Without it: own where every control-plane host has a member, else all.",
        "all",
    )


class Kubernetes(_Strict):
    """What Kubespray installs behind the load balancers."""

    version: str = key("1.35.4", "Kubernetes' version, three parts, without a v.", "1.34.3")
    kubespray: str = key("v2.31.0", "The Kubespray release: a tag.", "v2.30.0")
    network_plugin: Literal[
        "calico", "flannel", "cilium", "cni", "kube-ovn", "kube-router", "macvlan", "custom_cni", "none", "cloud"
    ] = key("calico", "What gives pods their network.", "cilium")
    pod_network: Network = key(IPv4Network("10.233.64.0/18"), "Pods' addresses; every node gets a /24 of it.", "10.233.64.0/18")
    service_network: Network = key(IPv4Network("10.233.0.0/18"), "Services' addresses.", "10.233.0.0/18")
    pod_network6: Network6 | None = key(None, "Pods' IPv6 addresses; every node gets a /120 of it.", "fd85:ee78:d8a6:8607::1:0/112")
    service_network6: Network6 | None = key(None, "Services' IPv6 addresses.", "fd85:ee78:d8a6:8607::1000/116")
    api_port: Port = key(6443, "Port of the API servers behind the load balancers.", 6443)
    api_check: ApiCheck = key(
        ApiCheck, "How API servers are asked whether they serve, where anonymous requests to /readyz are off.", {"type": "tcp"}
    )
    api_server: ApiServer = key(ApiServer, "How API servers stop, and how their clients spread again.", {"shutdown_delay": 10})
    schedule_on_control_plane: Flag = key(True, "Whether control-plane hosts run workloads, too.", False)
    node_names: Literal["full", "short"] = key(
        "full", "What nodes are called in Kubernetes: NAME.DOMAIN, or NAME alone. A running cluster's stay as they are.", "short"
    )
    certificate_names: list[Word] = key(list, "More names and addresses for the API servers' certificates.", ["api.example.org"])
    variables: dict[str, Any] = key(
        dict, "More variables for Kubespray, as they are. One that Twinkeel sets is refused.", {"kube_proxy_mode": "ipvs"}
    )


class Ssh(_Strict):
    """How hosts are reached. Paths are relative to the spec's folder; TWINKEEL_SSH_* variables override them."""

    user: Word = key("root", "The user; one that is not root needs sudo without a password.", "admin")
    port: Port = key(22, "The port.", 2222)
    identity_file: str | None = key(None, "The private key; without it, what ssh itself finds.", "~/.ssh/id_ed25519")
    known_hosts_file: str | None = key(None, "The file of known host keys; without it, ssh's own.", "known_hosts")


class Power(_Strict):
    """Commands that cut and restore a host's power (a BMC tool, a PDU, a hypervisor), for the drills.

    `{host}` stands for the host's short name. They run on the machine that runs the drill, without a shell.
    """

    off: str = key(REQUIRED, "Cuts the power of {host} at once.", "ipmitool -H {host}-bmc chassis power off")
    on: str = key(REQUIRED, "Restores it.", "ipmitool -H {host}-bmc chassis power on")


class Link(_Strict):
    """Commands that cut and restore a host's network (a managed switch's port), for the drills.

    `{host}` stands for the host's short name. They run on the machine that runs the drill, without a shell.
    """

    cut: str = key(REQUIRED, "Takes {host} off the network.", "switchctl port {host} down")
    restore: str = key(REQUIRED, "Puts it back.", "switchctl port {host} up")


class ClusterSpec(_Strict):
    """One cluster with its load balancers: the whole of twinkeel.yaml."""

    name: HostName = key(REQUIRED, "The cluster's name.", "lab-home")
    domain: DomainName = key(REQUIRED, "Hosts are called NAME.DOMAIN.", "lab-home.com")
    endpoint: Endpoint = key(REQUIRED, "Where clients find the API.", {"name": "lb.lab-home.com", "vip": "192.168.1.110/24"})
    interface: InterfaceName = key("eth0", "Interface of every host that does not name its own.", "ens18")
    load_balancers: dict[HostName, HostEntry] = key(
        REQUIRED,
        "Hosts that share the virtual IPs. They may be control-plane hosts.",
        {"lb-1": "192.168.1.111"},
        min_length=1,
        max_length=32,
    )
    control_plane: dict[HostName, HostEntry] = key(
        REQUIRED, "Hosts of the API servers.", {"master-1": "192.168.1.101"}, min_length=1
    )
    etcd: dict[HostName, HostEntry] = key(dict, "Hosts of etcd. Without it, the control plane.", {"etcd-1": "192.168.1.131"})
    workers: dict[HostName, HostEntry] = key(dict, "Hosts that run workloads.", {"worker-1": "192.168.1.115"})
    services: dict[HostName, Service] = key(dict, "More TCP services through the same virtual IPs.", {"https": {"port": 443}})
    dns: Dns = key(Dns, "The cluster's DNS.", {"mode": "manual", "server": "192.168.1.176"})
    failover: Failover = key(Failover, "How fast a loss is noticed.", {"profile": "fast"})
    haproxy: Haproxy = key(Haproxy, "HAProxy's version, log, metrics and extra lines.", {"version": "2.8"})
    keepalived: Keepalived = key(Keepalived, "Keepalived's version and extra lines.", {"version": "2.3"})
    frr: Frr = key(Frr, "FRR's version, with `endpoint.mode: bgp`.", {"version": "10.3"})
    monitoring: Monitoring | None = key(
        None, "A program on each load balancer that tells Prometheus who holds what. Without it none runs.", {"address": "host"}
    )
    system: System = key(System, "The load balancers' firewall, SELinux and packages.", {"firewall": "nftables"})
    kubernetes: Kubernetes = key(Kubernetes, "What Kubespray installs.", {"version": "1.35.4", "kubespray": "v2.31.0"})
    ssh: Ssh = key(Ssh, "How hosts are reached.", {"user": "root"})
    power: Power | None = key(
        None, "Commands that cut and restore a host's power.", {"off": "bmc off {host}", "on": "bmc on {host}"}
    )
    link: Link | None = key(
        None, "Commands that cut and restore a host's network.", {"cut": "port {host} down", "restore": "port {host} up"}
    )
    secrets_file: str = key(
        "secrets.yaml", "The file of passwords, mode 0600, relative to the spec. `twinkeel init` makes it.", "secrets.yaml"
    )

    @property
    def vrrp_daemon(self) -> Keepalived:
        """The section of the daemon that speaks VRRP, for those who need not know which it is."""
        return self.keepalived
