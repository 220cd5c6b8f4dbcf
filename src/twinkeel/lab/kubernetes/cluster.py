"""The cluster that runs in a lab: the few facts that certificates, units and checks need."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from itertools import islice

from twinkeel.errors import LabError
from twinkeel.lab.kubernetes.programs import Binaries
from twinkeel.lab.model import LabHost, LabLayout
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.api_server import balanced_arguments, minor
from twinkeel.topology.model import Topology

CLUSTER_DOMAIN = "cluster.local"
# By IP version: a node's part of the pod network, as Kubespray has it, and the least that does.
_NODE_PREFIX = {4: 24, 6: 120}
_LONGEST_NODE_PREFIX = {4: 28, 6: 124}


@dataclass(frozen=True)
class LabCluster:
    """The layout's hosts as a Kubernetes cluster. `version` is the programs' own, like 1.20.2; `api_port` is the masters'.

    `api_arguments` are the API servers' flags that Kubespray would give them, too: the lab is no kinder than production.
    """

    layout: LabLayout
    name: str
    version: str
    api_port: int
    pod_network: IPv4Network | IPv6Network
    service_network: IPv4Network | IPv6Network
    api_arguments: Mapping[str, str] = field(default_factory=dict)

    @property
    def minor(self) -> int:
        """The minor version: 20 of 1.20.2. Flags differ by it."""
        return minor(self.version)

    @property
    def masters(self) -> tuple[LabHost, ...]:
        """Control-plane hosts: etcd, API server, controller manager, scheduler; nodes too, as in the seed."""
        return self.layout.with_role("control_plane")

    @property
    def nodes(self) -> tuple[LabHost, ...]:
        """Every host that runs a kubelet."""
        return self.layout.with_role("control_plane", "worker")

    @property
    def endpoint_url(self) -> str:
        """Where everybody but the control plane itself finds the API: the virtual IP by its name."""
        return f"https://{self.layout.endpoint_name}:{self.layout.endpoint_port}"

    @property
    def local_url(self) -> str:
        """Where a control-plane host's own controllers find the API."""
        return f"https://127.0.0.1:{self.api_port}"

    @property
    def first_service_address(self) -> IPAddress:
        """The address of the service `kubernetes`: the first of the service network."""
        return self.service_network[1]

    def pod_range(self, host: LabHost) -> IPv4Network | IPv6Network:
        """The part of the pod network that is this node's own: a /24 (IPv6: a /120), or less where the pod network is small.

        Raises:
            LabError: the pod network is too small for the nodes.
        """
        version = self.pod_network.version
        split = (len(self.nodes) - 1).bit_length()
        prefix = max(_NODE_PREFIX[version], self.pod_network.prefixlen + split)
        if prefix > _LONGEST_NODE_PREFIX[version]:
            raise LabError(
                f"the pod network {self.pod_network} is too small for {len(self.nodes)} nodes", where="kubernetes.pod_network"
            )
        index = [node.name for node in self.nodes].index(host.name)
        subnets: Iterator[IPv4Network | IPv6Network] = iter(self.pod_network.subnets(new_prefix=prefix))
        return next(islice(subnets, index, None))


def lab_cluster(layout: LabLayout, topology: Topology, binaries: Binaries) -> LabCluster:
    """The cluster of a layout, with the networks and the port of the topology and the version of the programs."""
    return planned_cluster(layout, topology, binaries.version)


def planned_cluster(layout: LabLayout, topology: Topology, version: str) -> LabCluster:
    """The same for a version that is known: pods and services have the kind of address that the hosts have in the first place."""
    cluster = topology.cluster
    pods: IPv4Network | IPv6Network = cluster.pod_network
    services: IPv4Network | IPv6Network = cluster.service_network
    if topology.control_plane[0].address.version == 6 and cluster.pod_network6 and cluster.service_network6:
        pods, services = cluster.pod_network6, cluster.service_network6
    arguments = balanced_arguments(cluster, version)
    return LabCluster(layout, topology.name, version, cluster.api_port, pods, services, arguments)
