"""What a running cluster calls its nodes: an inventory with other names would make every node anew, beside the old ones."""

import json
from collections.abc import Collection

from twinkeel.errors import HostError, UsageError
from twinkeel.hosts.executor import Reader
from twinkeel.topology.model import Topology

# Kubespray's and kubeadm's place; a package's is on PATH.
ASK = (
    'export KUBECONFIG=/etc/kubernetes/admin.conf PATH="$PATH:/usr/local/bin"; test -e "$KUBECONFIG" || exit 44; '
    "exec kubectl get nodes --request-timeout=10s -o json"
)
NO_CLUSTER = 44


async def running_nodes(topology: Topology, reader: Reader) -> frozenset[str]:
    """The names that the API tells, asked on the first control-plane host that can; empty before there is a cluster.

    Raises:
        HostError: a host has a cluster's admin.conf, and no host's API tells its nodes; or no host can be asked.
    """
    problems: list[HostError] = []
    for machine in topology.control_plane:
        try:
            result = await reader.run(machine, ("sh", "-c", ASK))
            if result.exit_code == NO_CLUSTER:
                continue
            items = json.loads(result.checked().stdout)["items"]
        except HostError as error:
            problems.append(error)
            continue
        return frozenset(str(item["metadata"]["name"]) for item in items)
    if problems:
        raise problems[0]
    return frozenset()


def guard_node_names(topology: Topology, running: Collection[str]) -> None:
    """Refuse an inventory that calls a running node by another name.

    Raises:
        UsageError: Kubespray would make it anew, and leave the old one behind.
    """
    unknown = {name.partition(".")[0]: name for name in running if name not in {node.node_name for node in topology.nodes}}
    renamed = [(unknown[node.name], node.node_name) for node in topology.nodes if node.name in unknown]
    if not renamed:
        return
    old, new = renamed[0]
    others = f" (and {len(renamed) - 1} more)" if len(renamed) > 1 else ""
    hint = "`domain` in the spec must be the nodes' own"
    if "." not in old:
        hint = "set kubernetes.node_names: short in the spec"
    elif "." not in new:
        hint = "set kubernetes.node_names: full in the spec"
    raise UsageError(
        f"the cluster calls a node {old}, and the inventory would call it {new}{others}: Kubespray would make it anew",
        where=topology.name,
        hint=hint,
    )
