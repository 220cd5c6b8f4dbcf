"""What a machine must have before a lab can be made on it."""

import os
import shutil
import subprocess
from pathlib import Path

from twinkeel.errors import LabError, ToolError, UsageError
from twinkeel.lab import mmdebstrap

# Program -> the Debian package that brings it.
PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
    "dpkg-deb": "dpkg",
    "apt-config": "apt",
    "ssh": "openssh-client",
}

PROBE_DEADLINE = 20.0

# Made and lost inside namespaces of its own: nothing of the probe outlives it. Each line names what failed by its own exit code.
_KERNEL_PROBE = """
set -e
ip link add tkprobe0 type veth peer name tkprobe1 || exit 11
ip link add tkprobe2 type bridge || exit 12
mount -t tmpfs none "$1" || exit 13
mkdir "$1/lower" "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" none "$1/root" || exit 14
"""

_KERNEL_FEATURES = {
    11: "this kernel has no veth interfaces (module veth)",
    12: "this kernel has no bridges (module bridge)",
    13: "this machine does not let us mount file systems",
    14: "this kernel has no overlay file system (module overlay)",
}


def missing() -> list[str]:
    """Why a lab cannot be made here, a sentence each; empty when it can."""
    if os.geteuid() != 0:
        return ["a lab needs root (run with sudo)"]
    found = [f"{name} is not installed (Debian package {package})" for name, package in PROGRAMS.items() if not shutil.which(name)]
    if not found:
        found = [*filter(None, [mmdebstrap.too_old(mmdebstrap.reported_version())]), *_kernel_problems()]
    return found


def require() -> None:
    """See that a lab can be made here.

    Raises:
        UsageError: we are not root.
        ToolError: a program is not installed, or is too old.
        LabError: the kernel or a container's rules forbid namespaces.
    """
    require_root()
    problems = missing()
    if not problems:
        return
    packages = {package for name, package in PROGRAMS.items() if not shutil.which(name)}
    if packages:
        raise ToolError("; ".join(problems), hint=f"apt-get install {' '.join(sorted(packages))}")
    if mmdebstrap.too_old(mmdebstrap.reported_version()):
        raise ToolError("; ".join(problems), hint="apt-get install mmdebstrap, of Debian 12 or newer")
    raise LabError("; ".join(problems), hint="use a machine or a virtual machine of your own; `twinkeel render` needs none of this")


def require_root() -> None:
    """See that we are root. Raises UsageError."""
    if os.geteuid() != 0:
        raise UsageError("the lab needs root: it makes namespaces and boots hosts", hint="run with sudo")


def _kernel_problems() -> list[str]:
    probe = ["unshare", "--net", "--mount", "--pid", "--fork", "--ipc", "--uts", "sh", "-c", _KERNEL_PROBE, "sh", "/mnt"]
    try:
        ended = subprocess.run(probe, capture_output=True, text=True, timeout=PROBE_DEADLINE, check=False)
    except subprocess.TimeoutExpired:
        return ["making namespaces takes longer than 20 seconds here"]
    if ended.returncode in _KERNEL_FEATURES:
        return [_KERNEL_FEATURES[ended.returncode]]
    if ended.returncode != 0:
        reason = ended.stderr.strip().splitlines() or ["no reason given"]
        return [f"this machine forbids namespaces ({reason[-1]})"]
    return [] if Path("/sys/fs/cgroup").is_dir() else ["control groups are not mounted at /sys/fs/cgroup"]
