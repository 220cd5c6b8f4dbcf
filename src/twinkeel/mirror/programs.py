"""Programs that somebody has in a folder, or that a package brought: each is started once and asked for its version."""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinkeel.errors import UsageError

KUBERNETES = ("kubeadm", "kubelet", "kubectl", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
CONTAINERD = ("containerd", "containerd-shim-runc-v2", "ctr")
ETCD = ("etcd", "etcdctl", "etcdutl")
OTHERS = ("runc", "crictl", "nerdctl", "pause")
PROGRAMS = (*KUBERNETES, *ETCD, *CONTAINERD, *OTHERS)

_ASK = {"kubeadm": ("version", "-o", "short"), "kubectl": ("version", "--client"), "etcdctl": ("version",), "etcdutl": ("version",)}
# Nothing depends on what these say.
_UNASKED = ("pause", "crictl", "nerdctl", "containerd-shim-runc-v2")
_VERSION = re.compile(r"\bv?(\d+\.\d+\.\d+)")
TIMEOUT = 30.0


@dataclass(frozen=True)
class Program:
    """`version` is like 1.36.2, and empty for one that nobody asks; `origin` says in words where it comes from."""

    path: Path
    version: str
    origin: str

    def words(self) -> str:
        """What it is, for a person: kubelet 1.36.2 of /opt/kubernetes."""
        return " ".join(filter(None, (self.path.name, self.version, self.origin)))


def programs_in(folder: Path, origin: str) -> Iterator[tuple[str, Program]]:
    """Every known program that lies in a folder and runs on this machine.

    One that does not run here, because it needs a newer C library, would not run on a node like this machine either.
    """
    for name in PROGRAMS:
        path = folder / name
        if path.is_file():
            version = "" if name in _UNASKED else _ask(path)
            if version is not None:
                yield name, Program(path, version, origin)


def given_programs(folders: Sequence[Path]) -> dict[str, Program]:
    """The programs in the user's folders; the first folder that has one counts.

    Raises:
        UsageError: a folder holds none, a program does not run here, or Kubernetes' programs are of several versions.
    """
    found: dict[str, Program] = {}
    for folder in folders:
        here = dict(programs_in(folder, f"of {folder}"))
        silent = [name for name in PROGRAMS if (folder / name).is_file() and name not in here]
        if silent:
            hint = "is it a program for this machine, and executable?"
            raise UsageError(f"{silent[0]} does not report its version", where=str(folder / silent[0]), hint=hint)
        if not here:
            hint = f"a folder that holds some of: {', '.join(PROGRAMS)}"
            raise UsageError("--local names a folder without any program that is known here", where=str(folder), hint=hint)
        found = {**here, **found}
    versions = {found[name].version: found[name] for name in KUBERNETES if name in found}
    if len(versions) > 1:
        those = ", ".join(program.words() for program in versions.values())
        raise UsageError(
            f"Kubernetes' programs are of several versions: {those}", where="--local", hint="give those of one version"
        )
    return found


def kubernetes_version(programs: Mapping[str, Program]) -> str:
    """Kubernetes' version, like 1.36.2; empty when none of its programs is there."""
    return next((programs[name].version for name in KUBERNETES if name in programs), "")


def _ask(path: Path) -> str | None:
    """The version that a program says; None when it does not run here, or says none."""
    argv = [str(path), *_ASK.get(path.name, ("--version",))]
    try:
        ended = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(ended.stdout)
    return found[1] if ended.returncode == 0 and found else None
