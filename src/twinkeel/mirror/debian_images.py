"""The images that are put together from Debian's packages and Kubernetes' programs, in place of the official ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from twinkeel.mirror.assemble import Root, assemble
from twinkeel.mirror.debian_files import DebianParts, debian_file
from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.needs import NeededFile, NeededImage

CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
# kube-proxy calls these on the node: they are in its image with the libraries that they need.
PROXY_PACKAGES = ("iptables", "conntrack", "kmod")
_NFT = "/usr/sbin/xtables-nft-multi"
# Debian's package leaves these to update-alternatives, which does not run here; nft is what its hosts use.
PROXY_LINKS = {f"usr/sbin/{family}{action}": _NFT for family in ("iptables", "ip6tables") for action in ("", "-save", "-restore")}


@dataclass(frozen=True)
class DebianMaker:
    """Files and images from Debian's packages, and from Kubernetes as Debian's source package has it."""

    parts: DebianParts
    proxy_root: Path
    source: str = "debian"

    def file(self, need: NeededFile, target: Path) -> str | None:
        """See Maker."""
        return debian_file(need, self.parts, target)

    def image(self, need: NeededImage, layout: ImageLayout, architecture: str) -> tuple[str, str] | None:
        """See Maker."""
        return debian_image(need, self.parts, self.proxy_root, layout, architecture)


def debian_image(
    need: NeededImage, parts: DebianParts, proxy_root: Path, layout: ImageLayout, architecture: str
) -> tuple[str, str] | None:
    """Digest and description of the image, put into the layout. None when Debian gives nothing like it."""
    name = need.repo.rsplit("/", 1)[-1]
    if name in (*CONTROL_PLANE, "kube-proxy") and need.tag != parts.kube_version:
        return None
    make = _IMAGES.get(name)
    if make is None:
        return None
    root, command, words = make(name, parts, proxy_root)
    return assemble(layout, root, command, architecture), words


def _program(name: str, parts: DebianParts, _: Path) -> tuple[Root, list[str], str]:
    path = f"usr/local/bin/{name}"
    return Root({path: parts.programs / name}), [f"/{path}"], f"{name} {parts.kube_version} built from Debian's source package"


def _proxy(name: str, parts: DebianParts, proxy_root: Path) -> tuple[Root, list[str], str]:
    path = f"usr/local/bin/{name}"
    root = Root({path: parts.programs / name}, (proxy_root,), PROXY_LINKS)
    return (
        root,
        [f"/{path}"],
        f"{name} {parts.kube_version} built from Debian's source package, with Debian's iptables and conntrack",
    )


def _pause(_: str, parts: DebianParts, __: Path) -> tuple[Root, list[str], str]:
    return Root({"pause": parts.programs / "pause"}), ["/pause"], "pause, built from Kubernetes' source as Debian has it"


def _busybox(_: str, parts: DebianParts, __: Path) -> tuple[Root, list[str], str]:
    return (*busybox_root(parts.roots["busybox-static"]), "Debian's busybox-static")


def busybox_root(package: Path) -> tuple[Root, list[str]]:
    """What an image of busybox holds and runs, from the unpacked package."""
    busybox = package / "bin/busybox"
    if not busybox.exists():
        busybox = package / "usr/bin/busybox"
    links = {f"bin/{applet}": "/bin/busybox" for applet in _APPLETS}
    return Root({"bin/busybox": busybox}, (), links), ["/bin/sh"]


# What a workload in a test or a lesson calls; `busybox APPLET` reaches the others.
_APPLETS = (
    *("sh", "cat", "date", "echo", "env", "false", "hostname", "httpd", "ip", "kill", "ls", "mkdir", "nc", "nslookup", "ping"),
    *("printf", "ps", "rm", "sleep", "tail", "test", "top", "true", "uname", "wget"),
)
_IMAGES: Mapping[str, Callable[[str, DebianParts, Path], tuple[Root, list[str], str]]] = {
    **dict.fromkeys(CONTROL_PLANE, _program),
    "kube-proxy": _proxy,
    "pause": _pause,
    "busybox": _busybox,
}
