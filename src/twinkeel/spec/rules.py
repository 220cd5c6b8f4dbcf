"""The one list of the rules that a spec must keep beyond its model.

A rule's code is stable once released. `title` says what the rule is about, for the documentation.
"""

from twinkeel.spec import cluster_rules, host_rules, network_rules
from twinkeel.spec.rule import Rule

RULES = (
    Rule("S020", "error", "a host name stands for one machine", host_rules.one_name_two_machines),
    Rule("S021", "error", "host addresses are unique", host_rules.duplicate_address),
    Rule("S022", "error", "the endpoint's port is free where an API server runs", host_rules.shared_api_port),
    Rule("S023", "error", "addresses are usable", host_rules.unusable_address),
    Rule("S024", "error", "the virtual IP has a prefix length", host_rules.vip_without_prefix),
    Rule("S025", "error", "the virtual IP is nobody's address", host_rules.vip_is_a_host),
    Rule("S026", "error", "no address is a subnet's first or last", host_rules.first_or_last_address),
    Rule("S027", "error", "load balancers are in the virtual IP's subnet", host_rules.load_balancer_outside_subnet),
    Rule("S028", "error", "machines are outside the cluster's own networks", network_rules.address_inside_cluster_networks),
    Rule("S029", "error", "the cluster's own networks do not overlap", network_rules.overlapping_networks),
    Rule("S030", "error", "the pod network has room for every node", network_rules.small_pod_network),
    Rule("S031", "error", "the number of control-plane hosts is odd", cluster_rules.even_control_plane),
    Rule("S032", "warning", "there is more than one control-plane host", cluster_rules.single_control_plane),
    Rule("S033", "warning", "there is more than one load balancer", cluster_rules.single_load_balancer),
    Rule("S034", "error", "no host is called bastion", host_rules.host_called_bastion),
    Rule("S035", "error", "manual DNS has a server", cluster_rules.manual_dns_without_server),
    Rule("S036", "warning", "a DNS server is used", cluster_rules.unused_dns_server),
    Rule("S037", "error", "the Kubernetes version has three parts and no v", cluster_rules.kubernetes_version),
    Rule("S038", "error", "the Kubespray release is a tag", cluster_rules.kubespray_tag),
    Rule("S039", "error", "the endpoint's name is a name of its own", cluster_rules.endpoint_name),
    Rule("S040", "error", "the endpoint's port is free on the load balancers", cluster_rules.endpoint_port),
    Rule("S041", "error", "power commands name the host", cluster_rules.power_without_host),
)
"""Every rule, in the order in which they run."""
