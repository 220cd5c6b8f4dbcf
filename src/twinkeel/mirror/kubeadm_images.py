"""The images that kubeadm itself pulls: kubeadm says which."""

import subprocess
from pathlib import Path

from twinkeel.mirror.manifest import Manifest
from twinkeel.mirror.needs import NeededImage, Needs

# Kubespray installs these on its own, in versions of its own.
_OTHERS = ("coredns", "etcd")
_USUAL = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")


def kubeadm_images(needs: Needs, manifest: Manifest, folder: Path) -> tuple[NeededImage, ...]:
    """Asked from the mirror's own kubeadm; where that does not run (another architecture), the four that every version has."""
    entry = manifest.file("kubeadm")
    if entry is not None:
        listed = _ask(folder / entry.path, needs)
        if listed:
            return listed
    return tuple(NeededImage(f"kubeadm_{name}", f"{needs.kube_image_repo}/{name}", needs.kube_version) for name in _USUAL)


def _ask(program: Path, needs: Needs) -> tuple[NeededImage, ...]:
    argv = ["config", "images", "list", f"--kubernetes-version={needs.kube_version}", f"--image-repository={needs.kube_image_repo}"]
    mode = program.stat().st_mode
    program.chmod(0o755)
    try:
        ended = subprocess.run([str(program), *argv], capture_output=True, text=True, errors="replace", timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    finally:
        program.chmod(mode)
    found = []
    for line in ended.stdout.splitlines() if ended.returncode == 0 else ():
        repo, _, tag = line.strip().rpartition(":")
        name = repo.rsplit("/", 1)[-1]
        if repo and not name.startswith(_OTHERS):
            found.append(NeededImage(f"kubeadm_{name}", repo, tag))
    return tuple(found)
