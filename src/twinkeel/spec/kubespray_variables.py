"""Kubespray's variables that Twinkeel sets itself, or that must not be set: `kubernetes.variables` may not hold them."""

from collections.abc import Mapping

RESERVED_VARIABLES: Mapping[str, str] = {
    "access_ip": "set from each host's address",
    "access_ip6": "set from each host's address6",
    "ansible_become": "set from ssh.user",
    "ansible_host": "set from each host's address",
    "ansible_port": "set from ssh.port",
    "ansible_user": "set from ssh.user",
    "apiserver_loadbalancer_domain_name": "use endpoint.name",
    "artifacts_dir": "Twinkeel reads admin.conf from there",
    "dns_mode": "use dns.mode",
    "enable_dual_stack_networks": "set when kubernetes.pod_network6 or service_network6 is there",
    "enable_nodelocaldns": "set from dns.mode",
    "etcd_member_name": "set from each host's name",
    "ignore_assert_errors": "it switches off Kubespray's own checks",
    "ip": "set from each host's address",
    "ip6": "set from each host's address6",
    "ipv4_stack": "set from the hosts' addresses",
    "ipv6_stack": "set when kubernetes.pod_network6 or service_network6 is there",
    "kube_apiserver_port": "use kubernetes.api_port",
    "kube_network_plugin": "use kubernetes.network_plugin",
    "kube_pods_subnet": "use kubernetes.pod_network",
    "kube_pods_subnet_ipv6": "use kubernetes.pod_network6",
    "kube_service_addresses": "use kubernetes.service_network",
    "kube_service_addresses_ipv6": "use kubernetes.service_network6",
    "kube_version": "use kubernetes.version",
    "kube_vip_enabled": "two owners of one virtual IP: kube-vip and the load balancers",
    "kubeconfig_localhost": "Twinkeel reads admin.conf from the artifacts",
    "loadbalancer_apiserver": "use endpoint.vip and endpoint.port",
    "loadbalancer_apiserver_localhost": "the load balancers are real: a proxy on each node would become the endpoint",
    "manual_dns_server": "use dns.server",
    "supplementary_addresses_in_ssl_keys": "use kubernetes.certificate_names",
    "upstream_dns_servers": "use dns.upstream",
}
"""Variable -> why it is refused, or which key of the spec to use instead."""
