"""The Debian packages that the release's roles install, with all that they need, as a flat repository."""

from collections.abc import Sequence
from pathlib import Path

from twinkeel.debian.flat_repository import write_index
from twinkeel.debian.packages import PrivateApt
from twinkeel.mirror.checksums import sha256_of
from twinkeel.mirror.manifest import APT, PackageEntry

# What the roles take for granted on every host, or install under a condition that only the host itself can answer.
TAKEN_FOR_GRANTED = (
    "python3",
    "python3-apt",
    "dbus",
    "ca-certificates",
    "iproute2",
    "iptables",
    "ethtool",
    "kmod",
    "procps",
    "tar",
)


def gather_packages(names: Sequence[str], apt: PrivateApt, folder: Path, missing: list[str]) -> tuple[PackageEntry, ...]:
    """The entries of the repository DIR/apt. Names that no server has are put into `missing`.

    Raises:
        ToolError: apt failed.
    """
    target = folder / APT
    unknown = apt.unknown(names)
    missing += [f"package {name}: this Debian has none" for name in unknown]
    wanted = list(dict.fromkeys([*(name for name in names if name not in unknown), *TAKEN_FOR_GRANTED]))
    target.mkdir(exist_ok=True)
    # apt writes a version's colon as %3a into a file's name, and servers take that for a colon.
    names_here = {name: name.replace("%3a", ".") for name in apt.names(wanted)}
    for path in target.glob("*.deb"):
        if path.name not in names_here.values():
            path.unlink()
    for name, here in names_here.items():
        if (target / here).exists():
            (target / here).rename(target / name)
    apt.download(wanted, target)
    for name, here in names_here.items():
        (target / name).rename(target / here)
    write_index(target)
    return tuple(
        PackageEntry(f"{APT}/{path.name}", path.stat().st_size, sha256_of(path), "debian") for path in sorted(target.glob("*.deb"))
    )
