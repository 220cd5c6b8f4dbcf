"""The variables that make Kubespray take everything from a mirror."""

from collections.abc import Mapping

from twinkeel.mirror.manifest import APT, Manifest
from twinkeel.support.url_host import url_host

# Where the release's image names begin: each is pointed at the mirror's registry. The path behind stays.
REGISTRIES = ("kube_image_repo", "gcr_image_repo", "docker_image_repo", "quay_image_repo", "github_image_repo")


def mirror_variables(manifest: Manifest, address: str, port: int) -> dict[str, object]:
    """For Kubespray's -e @FILE: they must stand above its roles' own variables.

    Checksums are given only for files that are not the release's own: for all others the release's pins hold.

    Args:
        address: where hosts reach the mirror; the files are at `port`, the registry at the next.
    """
    base, registry = f"http://{url_host(address)}:{port}", f"{url_host(address)}:{port + 1}"
    found: dict[str, object] = dict(manifest.variables)
    for entry in manifest.files:
        if entry.url_variable:
            found[entry.url_variable] = f"{base}/{entry.path}"
        if entry.substitute and entry.checksum_variable:
            found[entry.checksum_variable] = entry.checksum_prefix + entry.sha256
    found |= dict.fromkeys(REGISTRIES, registry)
    found |= _containerd(manifest.tag, registry)
    found["twinkeel_mirror_apt_line"] = f"deb [trusted=yes] {base}/{APT} ./"
    return found


def image_path(name: str) -> str:
    """An image's name in the mirror's registry: without the registry that it came from, as k8s.gcr.io/pause:3.3 -> pause:3.3."""
    first, slash, rest = name.partition("/")
    return rest if slash and ("." in first or ":" in first or first == "localhost") else name


def _containerd(tag: str, registry: str) -> Mapping[str, object]:
    """That containerd asks the mirror's registry without TLS."""
    if _is_old(tag):
        return {"containerd_registries": {registry: f"http://{registry}"}}
    server = {"host": f"http://{registry}", "capabilities": ["pull", "resolve"], "skip_verify": True}
    return {"containerd_registries_mirrors": [{"prefix": registry, "server": f"http://{registry}", "mirrors": [server]}]}


def _is_old(tag: str) -> bool:
    """Before v2.23 containerd's registries were a table of names."""
    numbers = tag.removeprefix("v").split(".")
    return all(number.isdecimal() for number in numbers[:2]) and (int(numbers[0]), int(numbers[1])) < (2, 23)
