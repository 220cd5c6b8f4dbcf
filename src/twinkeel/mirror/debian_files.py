"""The files that Debian's packages give in place of a release's own, as archives of the shape that Kubespray unpacks."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from twinkeel.debian.packages import package_field
from twinkeel.errors import ToolError
from twinkeel.mirror.archive import write_archive
from twinkeel.mirror.needs import NeededFile

# The Kubernetes programs that hosts download as files.
PROGRAMS = ("kubeadm", "kubelet", "kubectl")


@dataclass(frozen=True)
class DebianParts:
    """What was made from Debian: a folder of Kubernetes' programs (and crictl), and the unpacked packages by name."""

    programs: Path
    kube_version: str
    roots: Mapping[str, Path]
    packages: Mapping[str, Path]


def debian_file(need: NeededFile, parts: DebianParts, target: Path) -> str | None:
    """Make the file at `target`; what it is, in words. None when Debian gives nothing like it."""
    if need.name in PROGRAMS:
        if f"/{parts.kube_version}/" not in need.url:
            return None
        target.write_bytes((parts.programs / need.name).read_bytes())
        return f"{need.name} {parts.kube_version} built from Debian's source package"
    make = _ARCHIVES.get(need.name)
    return make(need, parts, target) if make else None


def _etcd(need: NeededFile, parts: DebianParts, target: Path) -> str:
    # Kubespray copies from the folder that the release's own archive has.
    folder = Path(need.url).name.removesuffix(".tar.gz")
    programs = {"etcd": parts.roots["etcd-server"] / "usr/bin/etcd", "etcdctl": parts.roots["etcd-client"] / "usr/bin/etcdctl"}
    write_archive(target, {f"{folder}/{name}": path for name, path in programs.items()})
    wanted = re.search(r"v\d+\.\d+\.\d+", folder)
    return f"etcd {_version(parts, 'etcd-server')} of Debian" + (f" in place of {wanted.group()}" if wanted else "")


def _cni(need: NeededFile, parts: DebianParts, target: Path) -> str:
    plugins = sorted((parts.roots["containernetworking-plugins"] / "usr/lib/cni").iterdir())
    if not plugins:
        raise ToolError("Debian's package holds no CNI plugins", where="containernetworking-plugins", hint="report it")
    write_archive(target, {path.name: path for path in plugins})
    wanted = re.search(r"v\d+\.\d+\.\d+", Path(need.url).name)
    return f"CNI plugins {_version(parts, 'containernetworking-plugins')} of Debian" + (
        f" in place of {wanted.group()}" if wanted else ""
    )


def _crictl(need: NeededFile, parts: DebianParts, target: Path) -> str:
    write_archive(target, {"crictl": parts.programs / "crictl"})
    return "Twinkeel's own crictl (the commands that kubeadm and Kubespray use) in place of cri-tools'"


_ARCHIVES: Mapping[str, Callable[[NeededFile, DebianParts, Path], str]] = {"etcd": _etcd, "cni": _cni, "crictl": _crictl}


def _version(parts: DebianParts, package: str) -> str:
    return package_field(parts.packages[package], "Version")
