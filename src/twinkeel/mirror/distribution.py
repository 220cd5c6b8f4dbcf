"""What Debian gives for a cluster without the internet: Kubernetes built from its source, packages, and settings that fit."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from twinkeel.debian.cache import make_once
from twinkeel.debian.kubernetes import DISTRIBUTION_VERSION, build_distribution
from twinkeel.debian.packages import PrivateApt, package_field, unpack
from twinkeel.debian.progress import Progress, within
from twinkeel.mirror.debian_files import DebianParts
from twinkeel.mirror.debian_images import PROXY_PACKAGES, DebianMaker
from twinkeel.mirror.needs import NeededImage
from twinkeel.support.user_folders import cache_folder

KUBE_VERSION = f"v{DISTRIBUTION_VERSION}"
BUILT = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubeadm", "kubelet", "kubectl", "pause")
OWN = {"crictl": Path(__file__).parent / "crictl"}
# Their content goes into archives and images.
UNPACKED = ("etcd-server", "etcd-client", "containernetworking-plugins", "busybox-static")
# For a workload: a cluster without any image of its own to run is hard to try.
BUSYBOX = NeededImage("busybox", "docker.io/library/busybox", "1.35")

# With these Kubespray asks for nothing that Debian, or a folder of programs, has not. They are part of the mirror's variables.
WITHOUT_IMAGES: Mapping[str, object] = {
    "kube_network_plugin": "cni",
    "kube_proxy_mode": "iptables",
    "dns_mode": "none",
    "enable_nodelocaldns": False,
    "container_manager": "containerd",
    "etcd_deployment_type": "host",
    "loadbalancer_apiserver_localhost": False,
}
# The same for what Debian has of Kubernetes itself, which Kubespray v2.16 installs.
VARIABLES: Mapping[str, object] = {
    "kube_version": KUBE_VERSION,
    **WITHOUT_IMAGES,
    "containerd_package": "containerd",
    "containerd_version": "latest",
    # The release names packages of another time: python-apt, aufs-tools, software-properties-common.
    "required_pkgs": ["apt-transport-https", "conntrack"],
    "containerd_repo_key_info": {"repo_keys": []},
    "containerd_repo_info": {"repos": []},
}


def programs_folder() -> Path:
    """Where the built programs are kept; another folder when what is built changes."""
    recipe = hashlib.sha256(repr(BUILT).encode())
    for name, folder in sorted(OWN.items()):
        for path in sorted(folder.glob("*.go")):
            recipe.update(f"{name}/{path.name}\n".encode() + path.read_bytes())
    name = f"kubernetes-{DISTRIBUTION_VERSION}-installer-{recipe.hexdigest()[:12]}"
    return cache_folder() / name


def make_parts(work: Path, apt: PrivateApt, progress: Progress) -> DebianMaker:
    """The parts, and an unpacked root for kube-proxy's image. Kubernetes is built once, and kept in the user's cache.

    Args:
        work: a folder for what is unpacked; what is there is made anew.

    Raises:
        ToolError: apt or a build failed.
    """
    programs = programs_folder()
    build = within(progress, 0.0, 0.9)
    make_once(
        programs,
        lambda folder: build_distribution(folder, build, BUILT, OWN),
        on_wait=lambda: progress("wait for another process that builds the same programs", 0.0),
    )
    progress("fetch packages for archives and images", 0.9)
    debs = work / "debs"
    apt.download([*UNPACKED, *PROXY_PACKAGES], debs)
    by_name = packages_by_name(debs)
    roots = work / "roots"
    shutil.rmtree(roots, ignore_errors=True)
    for name in UNPACKED:
        unpack(by_name[name], roots / name)
    proxy_root = unpack_proxy_root(by_name, roots / "proxy")
    progress("packages unpacked", 1.0)
    return DebianMaker(DebianParts(programs, KUBE_VERSION, {name: roots / name for name in UNPACKED}, by_name), proxy_root)


def packages_by_name(folder: Path) -> dict[str, Path]:
    """The packages that apt put into a folder."""
    return {path.name.split("_", 1)[0]: path for path in folder.glob("*.deb")}


def unpack_proxy_root(by_name: Mapping[str, Path], folder: Path) -> Path:
    """What kube-proxy calls on a node, and all that this needs, without documentation; the folder."""
    for name in _closure(PROXY_PACKAGES, by_name):
        unpack(by_name[name], folder)
    for name in ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/bug"):
        shutil.rmtree(folder / name, ignore_errors=True)
    return folder


def _closure(names: tuple[str, ...], by_name: Mapping[str, Path]) -> list[str]:
    """The packages and all that they depend on, of those that apt brought."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found or name not in by_name:
            continue
        found[name] = None
        fields = f"{package_field(by_name[name], 'Depends')},{package_field(by_name[name], 'Pre-Depends')}"
        for alternatives in fields.split(","):
            waiting += [word.strip().split(" ", 1)[0].split(":", 1)[0] for word in alternatives.split("|")]
    return list(found)
