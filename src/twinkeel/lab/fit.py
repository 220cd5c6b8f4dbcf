"""Whether an image, a Kubernetes and this machine fit together: what cannot be is refused, what is missing is said."""

from dataclasses import dataclass
from pathlib import Path

from twinkeel.errors import LabError
from twinkeel.lab import cgroups, image_packages
from twinkeel.lab.image_packages import written

# systemd's NEWS: "Support for cgroup v1 ('legacy' and 'hybrid' hierarchies) has been removed" in 258.
CGROUP_V1_GONE = (258,)
# containerd 2.0 speaks CRI v1 alone; kubelet speaks it from 1.23 on.
ALPHA_CRI_GONE = (2,)
KUBELET_CRI_V1 = 23
# From 1.31 on an API server asks etcd how far a watch is before it answers from its cache, where etcd can tell
# (apiserver, pkg/storage/feature/feature_support_checker.go).
WATCH_PROGRESS_MINOR = 31
WATCH_PROGRESS: dict[tuple[int, ...], tuple[int, ...]] = {(3, 4): (3, 4, 31), (3, 5): (3, 5, 13)}

# nspawn's own switch: a host with version 2 of control groups on a machine that has both.
UNIFIED = ("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1")


@dataclass(frozen=True)
class Fit:
    """What follows from the three. `environment` is nspawn's; `nodes`: kubelets can work; `notes` are sentences for a person."""

    environment: tuple[tuple[str, str], ...] = ()
    nodes: bool = True
    notes: tuple[str, ...] = ()


def fit(image: Path, suite: str, minor: int | None) -> Fit:
    """How hosts of an image run here.

    Args:
        minor: of Kubernetes, 36 for 1.36; None for hosts without it.

    Raises:
        LabError: hosts of this image cannot boot here.
    """
    has = image_packages.versions(image, "systemd", "containerd", "etcd-server")
    unified_alone = has.get("systemd", (0,)) >= CGROUP_V1_GONE
    if unified_alone and not cgroups.version_2_is_there():
        raise LabError(
            f"systemd {written(has['systemd'])} needs version 2 of control groups, which this machine does not mount",
            where=f"suite {suite}",
            hint="take --suite bookworm or trixie, or boot this machine with systemd.unified_cgroup_hierarchy=1",
        )
    environment = (UNIFIED,) if unified_alone and not cgroups.version_2_alone() else ()
    if minor is None:
        return Fit(environment)
    problems = [_no_controllers(has["systemd"])] if environment else []
    if has.get("containerd", (0,)) >= ALPHA_CRI_GONE and minor < KUBELET_CRI_V1:
        problems.append(_no_common_interface(has["containerd"], minor))
    return Fit(environment, not problems, (*problems, *_about_etcd(has.get("etcd-server"), minor)))


def _no_controllers(systemd: tuple[int, ...]) -> str:
    return (
        f"Nodes stay NotReady: this machine's controllers belong to version 1 of control groups, and hosts of systemd "
        f"{written(systemd)} have version 2 alone; a kubelet needs a machine that booted with version 2, or --suite trixie"
    )


def _no_common_interface(containerd: tuple[int, ...], minor: int) -> str:
    return (
        f"Nodes stay NotReady: containerd {written(containerd)} serves kubelets from 1.{KUBELET_CRI_V1} on, and these programs are "
        f"1.{minor}; give newer ones with --kubernetes DIR, or take --suite bookworm or trixie"
    )


def _about_etcd(etcd: tuple[int, ...] | None, minor: int) -> tuple[str, ...]:
    needed = WATCH_PROGRESS.get((etcd or ())[:2])
    if etcd is None or needed is None or etcd >= needed or minor < WATCH_PROGRESS_MINOR:
        return ()
    return (
        f"etcd {written(etcd)} is older than {written(needed)}: API servers of 1.{minor} run on it, but cannot answer "
        "consistent reads from their cache",
    )
