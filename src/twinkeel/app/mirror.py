"""Use cases: a mirror of everything that a Kubespray release downloads."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from twinkeel.app.context import Context
from twinkeel.debian.progress import Progress
from twinkeel.errors import UsageError
from twinkeel.kubespray.inventory import write_inventory
from twinkeel.kubespray.release import Release, find_release
from twinkeel.mirror import build as building
from twinkeel.mirror import verify as verifying
from twinkeel.mirror.build_options import BuildOptions
from twinkeel.mirror.image_sources import full_name
from twinkeel.mirror.manifest import Manifest, load
from twinkeel.mirror.needs import NeededImage
from twinkeel.mirror.programs import given_programs, kubernetes_version
from twinkeel.mirror.serve import serve
from twinkeel.mirror.variables import mirror_variables
from twinkeel.mirror.verify import Finding
from twinkeel.render.yaml_text import block

__all__ = ["Manifest", "build", "build_options", "find_release", "load", "serve", "variables", "verify"]


def build(release: Release, context: Context | None, folder: Path, options: BuildOptions, progress: Progress) -> Manifest:
    """Gather what a release needs for a cluster, or (without a context) for the release's defaults; what cannot be got is listed.

    Raises:
        UsageError: the spec names another release, or another build of this mirror is under way.
        ToolError: the release's own Ansible, or this machine, failed.
    """
    given = kubernetes_version(options.programs)
    if context is not None and given and context.topology.cluster.version != given:
        what = f"the spec asks for Kubernetes {context.topology.cluster.version}, and the programs are {given}"
        raise UsageError(what, where=str(context.file), hint="kubernetes.version in the spec, or --local with other programs")
    with _inventory(context, release.tag) as inventory:
        return building.build(release, inventory, folder, options, progress)


def verify(folder: Path, progress: Progress) -> tuple[Manifest, tuple[Finding, ...]]:
    """What a mirror should hold, and what is missing, changed or too much. Raises as `load` does."""
    manifest = load(folder)
    return manifest, verifying.verify(folder, manifest, progress)


def variables(folder: Path, address: str, port: int) -> tuple[Manifest, str]:
    """A mirror's manifest, and YAML that makes Kubespray take everything from it at an address. Raises as `load` does."""
    manifest = load(folder)
    return manifest, block(mirror_variables(manifest, address, port))


def build_options(
    folders: Sequence[Path],
    local: Sequence[Path],
    distribution: bool,
    replace: Sequence[str],
    variables: Sequence[Path],
    images: Sequence[str],
) -> BuildOptions:
    """What was typed as options. Raises UsageError where it makes no sense."""
    for option, folder in (*(("--from", folder) for folder in folders), *(("--local", folder) for folder in local)):
        if not folder.is_dir():
            raise UsageError(f"{option} is no folder", where=str(folder))
    pairs = [pair.partition("=") for pair in replace]
    if any("://" not in start or "://" not in to for start, _, to in pairs):
        raise UsageError("--replace takes two addresses, as https://dl.k8s.io=http://127.0.0.1:8000")
    return BuildOptions(
        images=tuple(_image(name) for name in images),
        folders=tuple(folders),
        programs=given_programs(local),
        distribution=distribution,
        replace={start.rstrip("/"): to.rstrip("/") for start, _, to in pairs},
        variables=_read_variables(variables),
    )


def _image(name: str) -> NeededImage:
    repo, colon, tag = full_name(name).rpartition(":")
    if not colon or "/" in tag:
        raise UsageError(f"--image {name} has no tag", hint="as docker.io/library/nginx:1.27")
    return NeededImage(name, repo, tag)


def _read_variables(paths: Sequence[Path]) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in paths:
        try:
            values = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        except (OSError, YAMLError, UnicodeDecodeError) as error:
            raise UsageError(f"the variables cannot be read: {error}", where=str(path)) from error
        if not isinstance(values, dict):
            raise UsageError("a file of variables holds names and values", where=str(path))
        found |= values
    return found


@contextmanager
def _inventory(context: Context | None, tag: str) -> Iterator[Path | None]:
    """A cluster's hosts.yaml, for as long as it is asked about; None without a cluster."""
    if context is None:
        yield None
        return
    named = context.topology.cluster.kubespray
    if named != tag:
        what = f"the spec names Kubespray {named}, and the mirror is to be for {tag}"
        raise UsageError(what, where=str(context.file), hint="kubernetes.kubespray in the spec, or the command's TAG")
    with TemporaryDirectory(prefix="twinkeel-inventory-") as folder:
        yield write_inventory(context.topology, Path(folder))
