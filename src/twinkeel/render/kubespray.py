"""The inventory and group variables that Kubespray reads (v2.31)."""

from twinkeel.render.files import RenderedFile
from twinkeel.render.template import fill
from twinkeel.topology.model import Topology


def render_kubespray(topology: Topology) -> tuple[RenderedFile, ...]:
    """hosts.yaml, inventory.ini (for readers; Kubespray is run with hosts.yaml) and group_vars."""
    values = {"topology": topology, "nodes": (*topology.control_plane, *topology.workers)}
    return (
        RenderedFile("hosts.yaml", fill("hosts.yaml.j2", **values)),
        RenderedFile("inventory.ini", fill("inventory.ini.j2", **values)),
        RenderedFile("group_vars/all/all.yml", fill("all.yml.j2", **values)),
        RenderedFile("group_vars/k8s_cluster/k8s-cluster.yml", fill("k8s-cluster.yml.j2", **values)),
    )
