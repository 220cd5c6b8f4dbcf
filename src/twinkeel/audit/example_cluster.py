"""The cluster of the examples of rules about Kubespray, and the pair before it: as it should be. Pure."""

INVENTORY = """\
all:
  hosts:
    cp-1: {ip: 192.168.1.101}
    cp-2: {ip: 192.168.1.102}
    cp-3: {ip: 192.168.1.103}
  children:
    kube_control_plane:
      hosts: {cp-1: , cp-2: , cp-3: }
    etcd:
      children: {kube_control_plane: }
"""
GROUP_VARS = """\
apiserver_loadbalancer_domain_name: api.example.org
loadbalancer_apiserver:
  address: 192.168.1.110
  port: 6443
"""
HAPROXY = """\
frontend api
    bind *:6443
    default_backend kubernetes
backend kubernetes
    server cp-1 192.168.1.101:6443 check
    server cp-2 192.168.1.102:6443 check
    server cp-3 192.168.1.103:6443 check
"""
KEEPALIVED = """\
vrrp_instance api {
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
}
"""
