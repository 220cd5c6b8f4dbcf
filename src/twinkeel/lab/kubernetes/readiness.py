"""Whether the lab's cluster works: the control plane, asked host by host, and the nodes as the API tells them."""

import http.client
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from twinkeel.debian.progress import Progress
from twinkeel.errors import LabError
from twinkeel.lab.kubernetes.api import ApiError, LabApi, is_ready
from twinkeel.lab.kubernetes.cluster import LabCluster
from twinkeel.lab.model import LabHost

POLL = 0.2
_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLES = {"control_plane": "control-plane", "worker": "worker"}


@dataclass(frozen=True)
class NodeState:
    """A node as `kubectl get nodes` shows it. `version` is empty until its kubelet has reported."""

    name: str
    ready: bool
    roles: tuple[str, ...]
    version: str


def control_plane_readiness(api: LabApi, cluster: LabCluster) -> dict[str, bool]:
    """Short name of each control-plane host -> whether its API server answers /readyz with 200, asked directly."""
    return _readiness(api, cluster, cluster.masters)


def wait_for_control_plane(api: LabApi, cluster: LabCluster, deadline: float, progress: Progress) -> None:
    """Return when every API server is ready.

    Args:
        deadline: seconds from now.

    Raises:
        LabError: some are still not; the message names them.
    """
    waiting = [master.name for master in cluster.masters]

    def all_ready() -> bool:
        asked = tuple(master for master in cluster.masters if master.name in waiting)
        waiting[:] = [name for name, ready in _readiness(api, cluster, asked).items() if not ready]
        progress("wait for the control plane", 1.0 - len(waiting) / len(cluster.masters))
        return not waiting

    if not _poll(all_ready, deadline):
        raise LabError(
            f"no ready API server after {deadline:.0f} s on {', '.join(waiting)}",
            where=f"lab {cluster.layout.name}",
            hint=f"see: twinkeel lab exec {waiting[0]} -- journalctl -u etcd -u kube-apiserver",
        )


def wait_for_nodes(api: LabApi, cluster: LabCluster, deadline: float, progress: Progress) -> tuple[NodeState, ...]:
    """The nodes, once every one is Ready. They are only when the virtual IP works: kubelets know no other way to the API.

    Raises:
        LabError: some are still not Ready after `deadline` seconds; the message names them.
    """
    states: tuple[NodeState, ...] = ()
    missing: list[LabHost] = []

    def all_ready() -> bool:
        nonlocal states
        states = nodes(api, cluster)
        missing[:] = _without(cluster.nodes, {state.name for state in states if state.ready})
        progress("wait for the nodes", 1.0 - len(missing) / len(cluster.nodes))
        return not missing

    if not _poll(all_ready, deadline):
        raise LabError(
            f"not Ready after {deadline:.0f} s: {', '.join(host.name for host in missing)}",
            where=f"lab {cluster.layout.name}",
            hint=f"is the virtual IP served? See: twinkeel lab exec {missing[0].name} -- journalctl -u kubelet",
        )
    return states


def nodes(api: LabApi, cluster: LabCluster) -> tuple[NodeState, ...]:
    """The nodes as the first control-plane host that answers tells them; nothing when none does."""
    for master in cluster.masters:
        try:
            answer = api.request(master.address, cluster.api_port, "GET", "/api/v1/nodes")
        except ApiError:
            continue
        if answer.status == http.client.OK:
            return tuple(_node_state(item) for item in answer.json["items"])
    return ()


def declare_nodes(api: LabApi, cluster: LabCluster) -> None:
    """Make the node objects, with their roles as labels, before kubelets can reach the API.

    A kubelet must not label itself with a role (NodeRestriction); it takes over the object that bears its name.

    Raises:
        LabError: the API refused, or did not answer.
    """
    for host in cluster.nodes:
        body = _declared(host)
        if _send(api, cluster, "POST", "/api/v1/nodes", body) == http.client.CONFLICT:
            _send(api, cluster, "PATCH", f"/api/v1/nodes/{host.fqdn}", {"metadata": body["metadata"]})


def _declared(host: LabHost) -> dict[str, Any]:
    roles = {_ROLE_PREFIX + _ROLES[role]: "" for role in host.roles if role in _ROLES}
    labels = {**roles, "kubernetes.io/hostname": host.fqdn}
    # A kubelet of 1.20 panics on an object without annotations or resources to compare its own with; it soon replaces them.
    annotations = {"volumes.kubernetes.io/controller-managed-attach-detach": "true"}
    resources = {"pods": "0"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": host.fqdn, "labels": labels, "annotations": annotations},
        "status": {"capacity": resources, "allocatable": resources},
    }


def _send(api: LabApi, cluster: LabCluster, method: str, path: str, body: dict[str, Any]) -> int:
    """The status code: success, or a conflict. Asks one control-plane host after the other."""
    problem = ""
    for master in cluster.masters:
        try:
            answer = api.request(master.address, cluster.api_port, method, path, body)
        except ApiError as error:
            problem = str(error)
            continue
        if answer.status in (http.client.OK, http.client.CREATED, http.client.CONFLICT):
            return answer.status
        problem = f"{master.name} answered {answer.status}: {answer.body[:200].decode(errors='replace')}"
    raise LabError(f"the API refused {method} {path}", where=f"lab {cluster.layout.name}", hint=problem)


def _node_state(item: dict[str, Any]) -> NodeState:
    conditions = {condition["type"]: condition["status"] for condition in item["status"].get("conditions", [])}
    labels = item["metadata"].get("labels", {})
    roles = sorted(label.removeprefix(_ROLE_PREFIX) for label in labels if label.startswith(_ROLE_PREFIX))
    version = item["status"].get("nodeInfo", {}).get("kubeletVersion", "")
    return NodeState(item["metadata"]["name"], conditions.get("Ready") == "True", tuple(roles), version)


def _without(hosts: tuple[LabHost, ...], names: set[str]) -> list[LabHost]:
    return [host for host in hosts if host.fqdn not in names]


def _readiness(api: LabApi, cluster: LabCluster, masters: tuple[LabHost, ...]) -> dict[str, bool]:
    """Asked side by side: a host without power costs its time-out once, and nobody waits for it twice."""
    with ThreadPoolExecutor(max_workers=max(len(masters), 1)) as threads:
        answers = threads.map(lambda master: is_ready(api, cluster, master), masters)
        return {master.name: ready for master, ready in zip(masters, answers, strict=True)}


def _poll(condition: Callable[[], bool], deadline: float) -> bool:
    """Ask until it holds or `deadline` seconds have gone by."""
    end = time.monotonic_ns() + int(deadline * 1e9)
    while not condition():
        if time.monotonic_ns() > end:
            return False
        time.sleep(POLL)
    return True
