"""Use cases: fetch a kubeconfig and prove it; then write it, or put it into one that is there."""

import os
from dataclasses import dataclass
from pathlib import Path

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.kubeconfig import verify
from twinkeel.kubeconfig import write as files
from twinkeel.kubeconfig.document import parse_kubeconfig
from twinkeel.kubeconfig.fetch import fetch_admin_conf, read_artifact
from twinkeel.kubeconfig.merge import merge_kubeconfig
from twinkeel.kubeconfig.rewrite import rewrite_server
from twinkeel.kubeconfig.server import ServerChoice, choose_server
from twinkeel.kubeconfig.target import choose_target, has_current_context, read_text
from twinkeel.kubeconfig.write import Written
from twinkeel.kubespray.folders import cluster_folder

__all__ = ["Kubeconfig", "ServerChoice", "Written", "artifacts_folder", "fetch", "merge", "write"]


@dataclass(frozen=True)
class Kubeconfig:
    """A kubeconfig that was proved: its text, where it is from, the server that it names, and what that server said.

    `version` is Kubernetes', as v1.35.4; `verified` are the addresses and names that the server's certificate verifies for.
    """

    text: str
    where: str
    server: str
    version: str
    verified: tuple[str, ...]


def artifacts_folder(context: Context) -> Path:
    """Where `twinkeel kubespray run` keeps the admin.conf that Kubespray leaves on this machine."""
    return cluster_folder(context.topology.name) / "inventory" / "artifacts"


async def fetch(context: Context, choice: ServerChoice, artifacts: Path | None = None) -> Kubeconfig:
    """admin.conf, pointed at the endpoint, with which the API answers through every virtual IP.

    Args:
        artifacts: take the admin.conf in this folder; no host is asked.

    Raises:
        HostError: there is no admin.conf, no API, or (for the choice `name`) the name does not lead to the virtual IPs.
        KubeconfigError, VerificationError: what is there cannot be used, or does not verify.
    """
    endpoint = context.topology.endpoint
    server, by_name = choose_server(endpoint, choice), choice == "name"
    text, where = await _admin_conf(context, artifacts)
    rewritten = rewrite_server(text, server, where)
    version = await verify.verify_kubeconfig(rewritten, endpoint, where, by_name=by_name)
    addresses = () if by_name else tuple(str(vip.ip) for vip in endpoint.vips)
    return Kubeconfig(rewritten, where, server, version, (*addresses, endpoint.name))


async def _admin_conf(context: Context, artifacts: Path | None) -> tuple[str, str]:
    if artifacts is not None:
        return read_artifact(artifacts / "admin.conf")
    async with ClusterHosts(context).reading() as hosts:
        return await fetch_admin_conf(hosts, context.topology.control_plane)


def write(context: Context, kubeconfig: Kubeconfig, path: Path | None, *, force: bool) -> tuple[Path, Written]:
    """The file of its own (default: ~/.kube/twinkeel-NAME.yaml), and what became of it. Raises UsageError, see there."""
    name = context.topology.name
    path = path or Path.home() / ".kube" / f"twinkeel-{name}.yaml"
    return path, files.write_kubeconfig(path, name, kubeconfig.text, force=force)


def merge(context: Context, kubeconfig: Kubeconfig, name: str, path: Path | None, *, force: bool) -> tuple[Path, Written]:
    """The user's kubeconfig that got it as context `name` (default: the one that kubectl would change), and what became of it.

    Raises:
        UsageError, KubeconfigError: that file is somebody else's in a way that matters, or cannot be used.
    """
    target = path or choose_target(name, os.environ, Path.home())
    ours = parse_kubeconfig(kubeconfig.text, kubeconfig.where)
    read_text(target)
    # With --output the file is one of its own, whatever KUBECONFIG lists.
    has_current = path is None and has_current_context(os.environ, target)

    def merged(old: str) -> str:
        return merge_kubeconfig(old, str(target), ours, name, context.topology.name, force=force, has_current=has_current)

    return target, files.update_kubeconfig(target, merged)
