"""The cluster that runs in a lab: the few facts that certificates, units and checks need."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import islice

from twinkeel.errors import LabError
from twinkeel.lab.kubernetes.programs import Binaries
from twinkeel.lab.model import LabHost, LabLayout
from twinkeel.topology.model import Topology

CLUSTER_DOMAIN = "cluster.local"
_NODE_PREFIX = 24
_LONGEST_NODE_PREFIX = 28


@dataclass(frozen=True)
class LabCluster:
    """The layout's hosts as a Kubernetes cluster. `version` is the programs' own, like 1.20.2; `api_port` is the masters'."""

    layout: LabLayout
    name: str
    version: str
    api_port: int
    pod_network: IPv4Network
    service_network: IPv4Network

    @property
    def minor(self) -> int:
        """The minor version: 20 of 1.20.2. Flags differ by it."""
        return int(self.version.split(".")[1])

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
    def first_service_address(self) -> IPv4Address:
        """The address of the service `kubernetes`: the first of the service network."""
        return self.service_network[1]

    def pod_range(self, host: LabHost) -> IPv4Network:
        """The part of the pod network that is this node's own: a /24, or less where the pod network is small.

        Raises:
            LabError: the pod network is too small for the nodes.
        """
        split = (len(self.nodes) - 1).bit_length()
        prefix = max(_NODE_PREFIX, self.pod_network.prefixlen + split)
        if prefix > _LONGEST_NODE_PREFIX:
            raise LabError(
                f"the pod network {self.pod_network} is too small for {len(self.nodes)} nodes", where="kubernetes.pod_network"
            )
        index = [node.name for node in self.nodes].index(host.name)
        return next(islice(self.pod_network.subnets(new_prefix=prefix), index, None))


def lab_cluster(layout: LabLayout, topology: Topology, binaries: Binaries) -> LabCluster:
    """The cluster of a layout, with the networks and the port of the topology and the version of the programs."""
    return LabCluster(
        layout=layout,
        name=topology.name,
        version=binaries.version,
        api_port=topology.cluster.api_port,
        pod_network=topology.cluster.pod_network,
        service_network=topology.cluster.service_network,
    )
