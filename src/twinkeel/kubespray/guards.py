"""What a request must not do. Each guard names the fact, and what to do instead.

Pure, but for the version that is running and the inventory that an installation was run with.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from ruamel.yaml import YAML

from twinkeel.errors import HostError, UsageError
from twinkeel.hosts.executor import Reader
from twinkeel.kubespray.command import Request
from twinkeel.topology.model import Machine, Topology

KUBELET = "/usr/local/bin/kubelet"


def find_nodes(topology: Topology, names: Sequence[str]) -> tuple[Machine, ...]:
    """The nodes of these short or full names. Raises UsageError for one that is no node of the spec."""
    known = {name: machine for machine in topology.nodes for name in (machine.name, machine.fqdn)}
    for name in names:
        if name not in known:
            nodes = ", ".join(machine.name for machine in topology.nodes)
            raise UsageError(
                f"the spec has no node {name!r}", hint=f"nodes: {nodes}. A node is removed while the spec still has it"
            )
    return tuple(dict.fromkeys(known[name] for name in names))


def guard(topology: Topology, request: Request) -> None:
    """Refuse what would harm the cluster. Raises UsageError."""
    match request.action:
        case "scale":
            _guard_scale(topology, request)
        case "remove-node":
            _guard_remove(topology, request)
        case "recover":
            _guard_recover(topology, request)
        case _:
            pass
    if request.extra and not request.extra[0].startswith("-"):
        raise UsageError(f"{request.extra[0]!r} is no option", hint="options for ansible-playbook stand behind --")
    forbidden = [word for word in request.extra if word in ("-K", "-k", "--ask-become-pass", "--ask-pass", "-i", "--inventory")]
    if forbidden:
        hint = "passwords: --become-password-file FILE or --connection-password-file FILE; variables: -e @FILE"
        raise UsageError(f"{forbidden[0]} cannot be passed on: nothing can be typed while events are read", hint=hint)
    if any("ignore_assert_errors" in word for word in request.extra):
        raise UsageError("ignore_assert_errors switches off Kubespray's own checks", hint="leave it out")


def _guard_scale(topology: Topology, request: Request) -> None:
    for machine in request.nodes:
        if machine in topology.control_plane or machine in topology.etcd:
            hint = "add it at the end of the spec's list, then: twinkeel kubespray run"
            raise UsageError(f"{machine.name} is no mere worker: scale.yml adds workers only", hint=hint)


def _guard_remove(topology: Topology, request: Request) -> None:
    if not request.nodes:
        raise UsageError("no node is named", hint="twinkeel kubespray remove-node NAME...")
    for role, machines in (("control-plane", topology.control_plane), ("etcd", topology.etcd)):
        if machines[0] in request.nodes:
            hint = "put another one first in the spec, run `twinkeel kubespray run`, and then remove it"
            raise UsageError(f"{machines[0].name} is the first {role} host: Kubespray cannot remove it (#12102)", hint=hint)
    members = len([machine for machine in topology.etcd if machine not in request.nodes])
    if members % 2 == 0:
        hint = "remove another etcd host with it, or add one first (`twinkeel kubespray run`)"
        raise UsageError(f"{members} etcd hosts would be left: etcd needs an odd number", hint=hint)


def _guard_recover(topology: Topology, request: Request) -> None:
    if not request.nodes:
        raise UsageError("no broken node is named", hint="twinkeel kubespray recover --broken NAME...")
    for role, machines in (("control-plane", topology.control_plane), ("etcd", topology.etcd)):
        if all(machine in request.nodes for machine in machines):
            raise UsageError(f"no {role} host is healthy: Kubespray needs one", hint="restore etcd from a snapshot by hand")
    for machine in request.nodes:
        if machine not in topology.control_plane and machine not in topology.etcd:
            hint = "a broken worker: twinkeel kubespray remove-node --dead, then scale"
            raise UsageError(f"{machine.name} is neither a control-plane nor an etcd host", hint=hint)


def guard_order(topology: Topology, folder: Path) -> None:
    """Refuse a new host before an old one: Kubespray takes the first of a group for the one that the others join.

    The old hosts are those of the inventory that an installation was last run with. Old ones may change places.

    Args:
        folder: the cluster's own folder; without Kubespray's admin.conf in it nothing was installed from this machine.

    Raises:
        UsageError: a new control-plane or etcd host does not stand at the end.
    """
    inventory = folder / "inventory" / "hosts.yaml"
    if not inventory.exists() or not (inventory.parent / "artifacts" / "admin.conf").exists():
        return
    groups = YAML(typ="safe").load(inventory.read_text(encoding="utf-8"))["all"]["children"]
    for group, key, machines in (
        ("kube_control_plane", "control_plane", topology.control_plane),
        ("etcd", "etcd" if topology.etcd != topology.control_plane else "control_plane", topology.etcd),
    ):
        old = groups[group]["hosts"]
        for new, after in pairwise(machines):
            if new.node_name not in old and after.node_name in old:
                what = f"{new.name} is new, and stands before {after.name} in {key}"
                raise UsageError(what, where=str(inventory), hint="put new hosts last: the others join the first one (#12437)")


def confirm_reset(topology: Topology, typed: str) -> None:
    """Raises UsageError unless the cluster's name was typed."""
    if typed != topology.name:
        raise UsageError(f"{typed!r} is not the cluster's name: nothing was reset", hint=f"type the name: {topology.name}")


def without(topology: Topology, nodes: Sequence[Machine]) -> Topology:
    """The system without these nodes: what the load balancers must know before the nodes go."""
    names = {node.name for node in nodes}

    def left(machines: tuple[Machine, ...]) -> tuple[Machine, ...]:
        return tuple(machine for machine in machines if machine.name not in names)

    return replace(
        topology,
        control_plane=left(topology.control_plane),
        etcd=left(topology.etcd),
        workers=left(topology.workers),
        services=tuple(
            replace(service, targets=tuple(target for target in service.targets if target.name not in names))
            for service in topology.services
        ),
    )


def is_backend(topology: Topology, node: Machine) -> bool:
    """Whether the load balancers send something to a node."""
    served = {target.name for service in topology.services for target in service.targets}
    return node in topology.control_plane or node.name in served


def survivors_first(topology: Topology, broken: Sequence[Machine]) -> Topology:
    """The system with broken hosts last in their groups: Kubespray recovers from the first one."""

    def ordered(machines: tuple[Machine, ...]) -> tuple[Machine, ...]:
        return tuple(sorted(machines, key=lambda machine: machine in broken))

    return replace(topology, control_plane=ordered(topology.control_plane), etcd=ordered(topology.etcd))


async def guard_upgrade(topology: Topology, reader: Reader) -> str:
    """The version that runs now, once the wanted one is at most one minor version newer, and not older.

    Raises:
        UsageError: it is not.
        HostError: no control-plane host tells its version.
    """
    reasons: list[str] = []
    for machine in topology.control_plane:
        try:
            result = (await reader.run(machine, [KUBELET, "--version"])).checked()
        except HostError as error:
            reasons.append(f"{machine.name}: {error.what}")
            continue
        running = result.stdout.strip().rpartition("v")[2]
        check_step(running, topology.cluster.version)
        return running
    hint = "is the cluster installed? An upgrade starts from a running one"
    raise HostError("no control-plane host reports its Kubernetes version", where="; ".join(reasons), hint=hint)


def check_step(running: str, wanted: str) -> None:
    """Raises UsageError when an upgrade would go back, or skip a minor version."""
    now, then = (tuple(int(part) for part in version.split("-")[0].split(".")) for version in (running, wanted))
    if then < now:
        raise UsageError(f"the cluster runs {running}: {wanted} would be a downgrade", hint="kubernetes.version in the spec")
    if then[0] != now[0] or then[1] > now[1] + 1:
        hint = f"set kubernetes.version to a 1.{now[1] + 1} release first (and a kubespray tag that installs it)"
        raise UsageError(f"the cluster runs {running}: {wanted} skips a minor version", hint=hint)
