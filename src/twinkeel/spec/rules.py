"""The one list of the rules that a spec must keep beyond its model.

A rule's code is stable once released. `title` says what the rule is about, for the documentation. `needs` names what a rule must
see whole: when a host of a group is broken, nothing can be said about how many there are.
"""

from twinkeel.spec import (
    bgp_rules,
    cluster_rules,
    failover_rules,
    host_rules,
    network_rules,
    next_hop_rules,
    port_rules,
    raw_line_rules,
    release_rules,
    second_chance_rules,
    service_rules,
    software_rules,
    variable_rules,
    vip_rules,
)
from twinkeel.spec.document import Key
from twinkeel.spec.rule import ReleaseRule, Rule
from twinkeel.vip.daemons import VRRP_DAEMON


def _keys(*dotted: str) -> tuple[Key, ...]:
    return tuple(tuple(path.split(".")) for path in dotted)


_MEMBERS = _keys("control_plane", "etcd")
_VIPS = _keys("endpoint.vip", "endpoint.vips")
_NETWORKS = _keys("kubernetes.pod_network", "kubernetes.service_network", "kubernetes.pod_network6", "kubernetes.service_network6")
_HOSTS = _keys("load_balancers", "control_plane", "etcd", "workers")
_PORTS = _keys("endpoint.port", "ssh.port", "kubernetes.api_port", "haproxy.metrics", "monitoring", "etcd", "services")

RULES: tuple[Rule | ReleaseRule, ...] = (
    Rule("S020", "error", "a host name stands for one machine", host_rules.one_name_two_machines),
    Rule("S021", "error", "host addresses are unique", host_rules.duplicate_address),
    Rule(
        "S022",
        "error",
        "the endpoint's port is free where an API server runs",
        host_rules.shared_api_port,
        _keys("kubernetes.api_port"),
    ),
    Rule("S023", "error", "addresses are usable", host_rules.unusable_address),
    Rule("S024", "error", "the virtual IP has a prefix length", host_rules.vip_without_prefix),
    Rule("S025", "error", "the virtual IP is nobody's address", host_rules.vip_is_a_host),
    Rule("S026", "error", "no address is a subnet's first or last", host_rules.first_or_last_address),
    Rule("S027", "error", "load balancers are in the virtual IP's subnet", host_rules.load_balancer_outside_subnet),
    Rule(
        "S028", "error", "machines are outside the cluster's own networks", network_rules.address_inside_cluster_networks, _NETWORKS
    ),
    Rule("S029", "error", "the cluster's own networks do not overlap", network_rules.overlapping_networks, _NETWORKS),
    Rule("S030", "error", "the pod network has room for every node", network_rules.small_pod_network),
    Rule("S031", "error", "the number of etcd members is odd", cluster_rules.even_etcd, _MEMBERS),
    Rule(
        "S032", "warning", "there is more than one control-plane host", cluster_rules.single_control_plane, _keys("control_plane")
    ),
    Rule("S033", "warning", "there is more than one load balancer", cluster_rules.single_load_balancer, _keys("load_balancers")),
    Rule("S034", "error", "no host is called bastion", host_rules.host_called_bastion),
    Rule("S035", "error", "manual DNS has a server", cluster_rules.manual_dns_without_server, _keys("dns")),
    Rule("S036", "warning", "a DNS server is used", cluster_rules.unused_dns_server, _keys("dns.mode")),
    Rule("S037", "error", "the Kubernetes version has three parts and no v", cluster_rules.kubernetes_version),
    Rule("S038", "error", "the Kubespray release is a tag", cluster_rules.kubespray_tag),
    Rule("S039", "error", "the endpoint's name is a name of its own", cluster_rules.endpoint_name, (*_VIPS, *_keys("domain"))),
    Rule("S040", "error", "the endpoint's port is free on the load balancers", cluster_rules.endpoint_port, _keys("ssh.port")),
    Rule("S041", "error", "power commands name the host", cluster_rules.power_without_host),
    Rule("S042", "error", "virtual IPs are given in one way", vip_rules.one_way_to_give_virtual_ips, _VIPS),
    Rule("S043", "error", "virtual IPs are unique", vip_rules.duplicate_virtual_ip),
    Rule("S044", "error", "virtual router IDs are unique", vip_rules.duplicate_vrid),
    Rule("S045", "warning", "the virtual router ID is not everybody's", vip_rules.common_vrid),
    Rule("S046", "error", "an IPv6 endpoint has a DNS name", vip_rules.address_as_name, _keys("domain")),
    Rule("S047", "error", "load balancers have addresses of the virtual IPs' kinds", vip_rules.load_balancer_without_kind),
    Rule("S048", "error", "hosts have one kind of main address", vip_rules.mixed_kinds),
    Rule("S049", "error", "every node can reach a virtual IP", vip_rules.node_cannot_reach_the_endpoint, _VIPS),
    Rule("S050", "error", "IPv6 networks come in pairs", network_rules.half_of_ipv6, _NETWORKS),
    Rule(
        "S051",
        "error",
        "the cluster's own networks are apart from the hosts' network",
        network_rules.overlaps_the_hosts_network,
        _NETWORKS,
    ),
    Rule("S052", "error", "networks are not larger than Kubernetes can use", network_rules.huge_network),
    Rule("S053", "error", "nodes have IPv6 addresses where the cluster has", network_rules.node_without_ipv6, _NETWORKS),
    Rule("S054", "error", "IPv6 nodes have IPv6 networks", network_rules.ipv6_hosts_without_networks, _NETWORKS),
    Rule("S055", "error", "HAProxy's ports are different and free", port_rules.shared_haproxy_port, _PORTS),
    Rule(
        "S056", "error", "HAProxy has no port of Kubernetes on a shared machine", port_rules.port_of_kubernetes, (*_PORTS, *_HOSTS)
    ),
    Rule("S057", "error", "the API servers' port is free", port_rules.api_port_taken, _PORTS),
    Rule("S058", "error", "a service's targets are known", service_rules.unknown_target, _HOSTS),
    Rule("S059", "error", "a service is served by somebody", service_rules.service_without_targets, _keys("workers")),
    Rule("S060", "error", "a service's targets are machines", service_rules.target_is_a_virtual_ip),
    Rule("S061", "error", "a service does not lead back to its load balancer", port_rules.target_is_its_own_balancer, _PORTS),
    Rule("S062", "error", "no host has the name of a group", service_rules.name_of_a_group),
    Rule("S063", "error", "VRRP can say the advertisement interval", failover_rules.interval_of_the_version, _keys("failover")),
    Rule("S064", "error", "IPv6 has VRRP version 3", failover_rules.ipv6_needs_version_3),
    Rule(
        "S065",
        "error",
        "VRRP has the authentication",
        failover_rules.authentication_needs_version_2,
        _keys("failover.vrrp_version"),
    ),
    Rule("S066", "error", "the watchdog asks more than once", failover_rules.watchdog_of_one_chance, _keys("failover")),
    Rule("S067", "error", "the fast check is the faster one", failover_rules.fast_check_is_slow, _keys("failover")),
    Rule("S068", "warning", "detection comes before motion", failover_rules.detection_before_motion, _keys("failover")),
    Rule(
        "S069",
        "warning",
        "a dead server costs less than a dead balancer",
        failover_rules.connect_slower_than_the_watchdog,
        _keys("failover"),
    ),
    Rule("S070", "warning", "failback waits for detection", failover_rules.failback_before_detection, _keys("failover")),
    Rule("S071", "error", "HAProxy's version is supported", software_rules.supported_haproxy),
    Rule("S072", "error", f"{VRRP_DAEMON.name}'s version is supported", software_rules.supported_vrrp_daemon),
    Rule("S073", "warning", "HAProxy's version has no known fault", software_rules.faulty_haproxy),
    Rule("S074", "warning", f"{VRRP_DAEMON.name}'s version has no known hole", software_rules.vulnerable_vrrp_daemon),
    Rule("S075", "error", "the log target is a path or an address", software_rules.log_target),
    Rule("S076", "error", "every load balancer has the metrics' address", software_rules.metrics_address, _keys("load_balancers")),
    ReleaseRule(
        "S077",
        "error",
        "Kubespray can install the Kubernetes version",
        release_rules.kubernetes_of_the_tag,
        _keys("kubernetes.kubespray"),
    ),
    ReleaseRule("S078", "warning", "the Kubespray release is a known one", release_rules.unknown_tag),
    Rule("S079", "error", "variables for Kubespray are not Twinkeel's own", software_rules.reserved_variable),
    Rule("S080", "error", "certificate names are names or addresses", software_rules.certificate_name),
    Rule("S081", "warning", "there is more than one etcd host", cluster_rules.single_etcd, _MEMBERS),
    ReleaseRule("S082", "error", "Kubespray can install a cluster without IPv4", release_rules.nodes_without_ipv4, _HOSTS),
    Rule("S083", "error", "kube-vip does not own the endpoint", variable_rules.kube_vip_owns_the_endpoint),
    Rule("S084", "warning", "nobody else hands out the virtual IP", variable_rules.others_hand_out_the_virtual_ip, _VIPS),
    Rule("S085", "error", "API servers answer health checks", variable_rules.anonymous_requests_are_off),
    Rule("S086", "warning", "no proxy is in front of the endpoint", variable_rules.proxy_in_front_of_the_endpoint, _VIPS),
    Rule("S087", "error", "every load balancer is on the VRRP link, or none", host_rules.half_of_a_vrrp_link),
    Rule("S088", "error", "interfaces are given for load balancers", host_rules.vip_interface_of_nobody, _keys("load_balancers")),
    Rule("S089", "error", "raw lines leave the API's health check alone", raw_line_rules.another_check_of_the_api),
    ReleaseRule("S093", "warning", "variables for Kubespray have the type that is meant", variable_rules.text_for_another_type),
    Rule(
        "S094",
        "error",
        "the Kubespray release takes the cluster's IPv6",
        release_rules.ipv6_of_the_tag,
        _keys("kubernetes.service_network6"),
    ),
    ReleaseRule(
        "S095",
        "error",
        "variables for Kubespray are there in the release",
        release_rules.removed_variable,
        _keys("kubernetes.kubespray"),
    ),
    Rule(
        "S096",
        "warning",
        "an API server that stops serves until HAProxy has noticed",
        failover_rules.stops_before_it_is_noticed,
        _keys("failover", "kubernetes.api_server"),
    ),
    Rule(
        "S097",
        "error",
        "connections can be kept where the virtual IP is",
        second_chance_rules.virtual_ip_elsewhere,
        (*_VIPS, *_keys("load_balancers")),
    ),
    Rule("S098", "warning", "the daemons' versions are known ones", software_rules.newer_than_known),
    Rule(
        "S099",
        "error",
        f"{VRRP_DAEMON.name} can sign advertisements",
        software_rules.signing_vrrp_daemon,
        ((VRRP_DAEMON.section, "version"),),
    ),
    Rule(
        "S100", "error", "the endpoint's mode has its keys", bgp_rules.mode_without_its_keys, _keys("endpoint.mode", "endpoint.bgp")
    ),
    Rule("S101", "error", "BGP has no keys of VRRP", bgp_rules.key_of_vrrp, _keys("endpoint.mode")),
    Rule("S102", "error", "an announced virtual IP is one address", bgp_rules.more_than_an_address, _keys("endpoint.mode")),
    Rule(
        "S103", "error", "each virtual IP has a router of its kind", bgp_rules.router_of_its_kind, (*_VIPS, *_keys("endpoint.bgp"))
    ),
    Rule("S104", "error", "a router is somebody else, and given once", bgp_rules.router_is_somebody_else),
    Rule("S105", "error", "hops are counted to other systems", bgp_rules.hops_within_the_system, _keys("endpoint.bgp")),
    Rule("S106", "error", "FRR's version is supported", bgp_rules.supported_frr, _keys("frr", "endpoint.bgp")),
    Rule("S107", "error", "BFD is faster than BGP", bgp_rules.bfd_slower_than_bgp, _keys("failover", "endpoint.bgp")),
    Rule("S108", "error", "a next hop leads to a routed virtual IP", next_hop_rules.next_hop_leads_there, _VIPS),
    Rule(
        "S115",
        "error",
        "an API server's own etcd member is there",
        cluster_rules.no_etcd_member_of_its_own,
        _keys("etcd", "kubernetes.api_server"),
    ),
)
"""Every rule, in the order in which they run."""

ABOUT_KUBESPRAY = frozenset(
    (
        *("S028", "S029", "S030", "S031", "S034", "S035", "S037", "S050", "S051", "S052", "S053", "S054"),
        *("S077", "S079", "S080", "S082", "S083", "S085", "S094", "S095", "S115"),
    )
)
"""Errors about what Kubespray would install: a command that only reads a running system works in spite of them."""
