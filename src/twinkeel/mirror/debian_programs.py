"""What stands around Kubernetes, from Debian packages: etcd, containerd, runc, CNI plugins, as new as they run on this machine."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twinkeel.debian.packages import PrivateApt, package_field, unpack
from twinkeel.debian.progress import Progress
from twinkeel.debian.suites import SUITES
from twinkeel.mirror.debian_images import PROXY_PACKAGES
from twinkeel.mirror.distribution import packages_by_name, unpack_proxy_root
from twinkeel.mirror.programs import Program, programs_in

# kubeadm 1.36 refuses an external etcd older than 3.5.24, and Kubespray writes containerd 2's settings: of all Debian's releases
# only unstable has them.
NEWEST = SUITES["sid"]
PACKAGES = ("etcd-server", "etcd-client", "containerd", "runc", "containernetworking-plugins")
PLUGINS = "usr/lib/cni"


@dataclass(frozen=True)
class DebianPrograms:
    """The programs by name; the CNI plugins' folder and the words for it; the roots for kube-proxy's image and busybox's."""

    programs: Mapping[str, Program]
    plugins: tuple[Path, str]
    proxy_root: Path
    busybox: Path


def debian_programs(work: Path, apt: PrivateApt, progress: Progress) -> DebianPrograms:
    """Fetch and unpack. A program that needs a newer C library than this machine's, and its nodes', comes from its own release.

    Args:
        work: a folder for what is unpacked; what is there is made anew.
        apt: asks this machine's own release.

    Raises:
        ToolError: apt failed.
    """
    roots = work / "roots"
    shutil.rmtree(roots, ignore_errors=True)
    progress("fetch packages of Debian unstable", 0.0)
    newest = PrivateApt(work / "apt-newest", NEWEST)
    newest.folder.mkdir(exist_ok=True)
    newest.update()
    newest.download(PACKAGES, work / "debs-newest")
    progress("fetch packages of this release", 0.5)
    apt.download([*PACKAGES, "busybox-static", *PROXY_PACKAGES], work / "debs")
    programs: dict[str, Program] = {}
    for folder, words in (("debs-newest", f"{NEWEST.title}'s"), ("debs", "this Debian's")):
        by_name = packages_by_name(work / folder)
        for package in PACKAGES:
            root = roots / folder / package
            unpack(by_name[package], root)
            origin = f"of {words} {package} {package_field(by_name[package], 'Version')}"
            for place in ("usr/bin", "usr/sbin"):
                programs = {**dict(programs_in(root / place, origin)), **programs}
    plugins = roots / "debs-newest/containernetworking-plugins" / PLUGINS
    version = package_field(packages_by_name(work / "debs-newest")["containernetworking-plugins"], "Version")
    own = packages_by_name(work / "debs")
    unpack(own["busybox-static"], roots / "busybox")
    progress("packages unpacked", 1.0)
    words = f"CNI plugins {version} of {NEWEST.title}"
    return DebianPrograms(programs, (plugins, words), unpack_proxy_root(own, roots / "proxy"), roots / "busybox")
