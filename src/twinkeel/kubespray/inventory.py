"""Writing the inventory that Kubespray runs with, beside what it keeps there itself (credentials, artifacts)."""

from collections.abc import Sequence
from pathlib import Path

from twinkeel.render.kubespray import render_kubespray
from twinkeel.render.yaml_text import block
from twinkeel.support.replace_file import replace_file
from twinkeel.topology.model import Machine, Topology

OPTIONAL = ("group_vars/all/variables.yml", "broken.yaml")


def write_inventory(topology: Topology, folder: Path, broken: Sequence[Machine] = ()) -> Path:
    """Bring FOLDER/inventory to what the topology says; the path of hosts.yaml. Folders and files are private.

    Args:
        broken: hosts for the groups broken_etcd and broken_kube_control_plane.

    Raises:
        OSError: it cannot be written.
    """
    inventory = folder / "inventory"
    for private in (folder, inventory, folder / "facts", folder / "logs", folder / "ansible"):
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {file.path: file.content for file in render_kubespray(topology)}
    if broken:
        files["broken.yaml"] = block({"all": {"hosts": _addresses(topology), "children": _broken(topology, broken)}})
    for path, content in files.items():
        target = inventory / path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(target, content.encode())
    for path in OPTIONAL:
        if path not in files:
            (inventory / path).unlink(missing_ok=True)
    return inventory / "hosts.yaml"


def _addresses(topology: Topology) -> dict[str, dict[str, str]]:
    """What Kubespray's recovery reads of every node and takes from its cache of facts, which a newer Ansible does not find.

    A host that is lost cannot be asked again. What is in the cache still counts before these.
    """
    return {
        machine.node_name: {"main_access_ip": str(machine.access_address or machine.address), "main_ip": str(machine.address)}
        for machine in topology.nodes
    }


def _broken(topology: Topology, broken: Sequence[Machine]) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    groups = {"broken_etcd": topology.etcd, "broken_kube_control_plane": topology.control_plane}
    return {
        group: {"hosts": {machine.node_name: {} for machine in machines if machine in broken}} for group, machines in groups.items()
    }
