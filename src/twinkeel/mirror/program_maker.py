"""A release's files and images, made from programs: the user's own, or those of packages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twinkeel.mirror.archive import write_archive
from twinkeel.mirror.assemble import Root, assemble
from twinkeel.mirror.debian_images import PROXY_LINKS, busybox_root
from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.needs import NeededFile, NeededImage
from twinkeel.mirror.programs import CONTAINERD, ETCD, KUBERNETES, Program

# Two commands of nerdctl's, for a machine that has none: see the file.
STAND_IN = Program(Path(__file__).parent / "stand_ins" / "nerdctl", "", "(Twinkeel's stand-in over crictl and ctr)")


@dataclass(frozen=True)
class ProgramMaker:
    """Programs by name, a folder of CNI plugins with the words for it, and unpacked roots: iptables for kube-proxy, and busybox."""

    programs: Mapping[str, Program]
    plugins: tuple[Path, str] | None = None
    proxy_root: Path | None = None
    busybox: Path | None = None
    source: str = field(default="programs")

    def file(self, need: NeededFile, target: Path) -> str | None:
        """See Maker."""
        if need.name in KUBERNETES or need.name == "runc":
            return self._program(need, target)
        if need.name == "cni":
            return self._plugins(need, target)
        if need.name in _ARCHIVES:
            folder, names, required = _ARCHIVES[need.name]
            if all(name in self.programs for name in names[:required]):
                here = [name for name in names if name in self.programs]
                # etcd is copied from the folder that the release's own archive has.
                inside = Path(need.url).name.removesuffix(".tar.gz") if need.name == "etcd" else folder
                write_archive(target, {(Path(inside) / name).as_posix(): self.programs[name].path for name in here})
                return self.programs[names[0]].words() + _in_place_of(need.url, self.programs[names[0]].version)
        return None

    def image(self, need: NeededImage, layout: ImageLayout, architecture: str) -> tuple[str, str] | None:
        """See Maker."""
        name = need.repo.rsplit("/", 1)[-1]
        if name == "busybox" and self.busybox is not None:
            root, command = busybox_root(self.busybox)
            return assemble(layout, root, command, architecture), "busybox: Debian's busybox-static"
        program = self.programs.get(name)
        if program is None or (name in KUBERNETES and need.tag != f"v{program.version}"):
            return None
        if name == "kube-proxy" and self.proxy_root is None:
            return None
        path = name if name == "pause" else f"usr/local/bin/{name}"
        trees: Sequence[Path] = (self.proxy_root,) if name == "kube-proxy" and self.proxy_root else ()
        root = Root({path: program.path}, trees, PROXY_LINKS if trees else {})
        words = f"image of {program.words()}" + (", with Debian's iptables and conntrack" if trees else "")
        return assemble(layout, root, [f"/{path}"], architecture), words

    def _program(self, need: NeededFile, target: Path) -> str | None:
        program = self.programs.get(need.name)
        if program is None or (need.name in KUBERNETES and f"/v{program.version}/" not in need.url):
            return None
        target.write_bytes(program.path.read_bytes())
        return program.words() + _in_place_of(need.url, program.version)

    def _plugins(self, need: NeededFile, target: Path) -> str | None:
        if self.plugins is None:
            return None
        folder, words = self.plugins
        write_archive(target, {path.name: path for path in sorted(folder.iterdir()) if path.is_file()})
        return words + _in_place_of(need.url, words)


# Download -> folder in its archive, programs in it, and how many of these there must be.
_ARCHIVES: Mapping[str, tuple[str, Sequence[str], int]] = {
    "etcd": ("", ETCD, 2),
    "containerd": ("bin", CONTAINERD, 3),
    "crictl": ("", ("crictl",), 1),
    "nerdctl": ("", ("nerdctl",), 1),
}


def _in_place_of(url: str, version: str) -> str:
    """The version that the release names, where it is another one."""
    found = re.search(r"/v?(\d+\.\d+\.\d+)/", url)
    return f" in place of {found[1]}" if found and found[1] not in version else ""
