"""Images from archives that somebody gave us, and from registries: skopeo brings both, digests kept."""

import json
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from twinkeel.mirror.image_layout import NAME, UNDER_WAY, ImageLayout
from twinkeel.mirror.internet import Internet
from twinkeel.mirror.needs import NeededImage

SKOPEO_DEADLINE = 1800.0


def archive_names(paths: Sequence[Path]) -> Mapping[str, str]:
    """Image name -> skopeo's name of it, for every image in the archives: `docker save`, or an OCI image layout in a tar."""
    found: dict[str, str] = {}
    for path in paths:
        try:
            with tarfile.open(path) as archive:
                found |= _names(archive, path)
        except (tarfile.TarError, OSError, ValueError, KeyError):
            continue  # Some other archive: it holds no images.
    return found


def _names(archive: tarfile.TarFile, path: Path) -> dict[str, str]:
    names = set(archive.getnames())
    if "manifest.json" in names:
        entries = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]
        return {full_name(tag): f"docker-archive:{path}:{tag}" for entry in entries for tag in entry.get("RepoTags") or ()}
    if "index.json" in names:
        entries = json.load(archive.extractfile("index.json"))["manifests"]  # type: ignore[arg-type]
        tags = [entry.get("annotations", {}).get(NAME, "") for entry in entries]
        return {full_name(tag): f"oci-archive:{path}:{tag}" for tag in tags if tag}
    return {}


def full_name(name: str) -> str:
    """A name with its registry: busybox:1 is docker.io/library/busybox:1."""
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def registry_source(image: NeededImage, internet: Internet) -> tuple[str, list[str]]:
    """Skopeo's name of an image in its registry, or in what stands for it, and the options that this takes."""
    address = internet.address(f"https://{full_name(image.reference)}")
    scheme, _, name = address.partition("://")
    options = ["--src-tls-verify=false"] if scheme == "http" else []
    # A digest names the index of all architectures, and only the whole of it has that digest.
    return f"docker://{name}", [*options, *(["--all"] if image.digest else [])]


def copy_image(source: str, options: Sequence[str], layout: ImageLayout, architecture: str) -> tuple[str, str]:
    """Put an image into the layout: its manifest's digest, and nothing; or nothing, and why it could not be had."""
    with TemporaryDirectory(prefix=UNDER_WAY, dir=layout.folder) as name:
        folder = Path(name) / "image"
        argv = ["skopeo", "--override-arch", architecture, "--override-os", "linux", "--insecure-policy", "copy", "--quiet"]
        argv += [*options, source, f"dir:{folder}"]
        try:
            ended = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=SKOPEO_DEADLINE, check=False)
        except FileNotFoundError:
            return "", "skopeo is not installed (apt-get install skopeo)"
        except subprocess.TimeoutExpired:
            return "", f"{source} does not come within half an hour"
        if ended.returncode != 0:
            return "", f"{source}: {_reason(ended.stderr)}"
        return layout.take_folder(folder), ""


def _reason(output: str) -> str:
    """The end of skopeo's last line is what went wrong; before it stands what it was about to do."""
    lines = output.strip().splitlines() or ["skopeo failed"]
    message = lines[-1].split("msg=", 1)[-1].strip('"').replace('\\"', '"')
    return message[-300:]
