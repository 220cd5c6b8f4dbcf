"""Gather what a release needs into one folder: each file whole or not at all, so that a run that broke off goes on."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from twinkeel.debian.packages import PrivateApt
from twinkeel.debian.progress import Progress, within
from twinkeel.errors import ToolError
from twinkeel.kubespray.release import Release
from twinkeel.mirror import manifest as mirror_manifest
from twinkeel.mirror.build_options import BuildOptions, builds_kubernetes, refuse_other_kubernetes
from twinkeel.mirror.distribution import BUSYBOX, make_parts
from twinkeel.mirror.gather_files import FileGatherer, part_path
from twinkeel.mirror.gather_images import ImageGatherer
from twinkeel.mirror.gather_packages import gather_packages
from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.internet import Internet
from twinkeel.mirror.kubeadm_images import kubeadm_images
from twinkeel.mirror.local_files import LocalFiles
from twinkeel.mirror.maker import Maker
from twinkeel.mirror.manifest import Manifest, PackageEntry
from twinkeel.mirror.needs import NeededImage, Needs, ask_needs
from twinkeel.mirror.own_programs import own_programs, settings_for

WORK = ".work"
UNFINISHED = "the build did not come to its end: run it again"


def build(release: Release, inventory: Path | None, folder: Path, options: BuildOptions, progress: Progress) -> Manifest:
    """The mirror's manifest; what could not be got is named in its `missing`.

    Raises:
        UsageError: the programs' Kubernetes, or Debian's, is not among those that the release installs.
        ToolError: the release cannot say what it needs, a tool failed, or another build of this mirror is under way.
    """
    refuse_other_kubernetes(release, options)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        (folder / WORK).mkdir(exist_ok=True)
        apt = PrivateApt(folder / WORK / "apt")
        progress("read the package lists", 0.0)
        no_packages = _read_lists(apt, required=options.distribution)
        own = own_programs(options, folder / WORK, apt, within(progress, 0.02, 0.1))
        settings = settings_for(release, options, own)
        variables = {**settings, **options.variables}
        progress("ask the release what it needs", 0.1)
        needs = ask_needs(release, inventory, variables)
        makers: tuple[Maker, ...] = (own,) if own else ()
        if builds_kubernetes(options):
            makers += (make_parts(folder / WORK, apt, within(progress, 0.12, 0.6)),)
        # The user's own variables may hold secrets: they stay where they are.
        kept = {name: variables[name] for name in settings}
        manifest = Manifest(release.tag, needs.kube_version, needs.architecture, kept, missing=(UNFINISHED,))
        gathered = _Gathering(needs, folder, options, makers, apt, no_packages)
        manifest = _gather(gathered, _earlier(folder, manifest), within(progress, 0.6, 1.0))
        shutil.rmtree(folder / WORK, ignore_errors=True)
    return manifest


@dataclass(frozen=True)
class _Gathering:
    """What is wanted and where it may come from; `no_packages` says why this machine's apt has none, and is empty else."""

    needs: Needs
    folder: Path
    options: BuildOptions
    makers: tuple[Maker, ...]
    apt: PrivateApt
    no_packages: str


def _gather(gathering: _Gathering, manifest: Manifest, progress: Progress) -> Manifest:
    needs, folder, options, makers = gathering.needs, gathering.folder, gathering.options, gathering.makers
    layout = ImageLayout(folder / mirror_manifest.IMAGES)
    layout.prepare()
    local, internet = LocalFiles(options.folders), Internet(options.replace)
    missing: list[str] = []
    try:
        files = FileGatherer(folder, local, makers, internet)
        manifest = _gather_files(files, needs, manifest, within(progress, 0.0, 0.5), missing)
        own = (BUSYBOX,) if options.distribution else ()
        wanted = (*needs.images, *kubeadm_images(needs, manifest, folder), *own, *options.images)
        images = ImageGatherer(layout, local, makers, internet, needs.architecture)
        manifest = _gather_images(folder, images, wanted, manifest, within(progress, 0.5, 0.9), missing)
    finally:
        internet.close()
    progress("packages", 0.9)
    packages: tuple[PackageEntry, ...] = ()
    if gathering.no_packages:
        missing += [f"package {name}: {gathering.no_packages}" for name in needs.packages]
    else:
        packages = gather_packages(needs.packages, gathering.apt, folder, missing)
    manifest = _without_unneeded(replace(manifest, packages=packages, missing=tuple(missing)), needs, wanted)
    _keep(folder, manifest)
    _remove_unneeded(folder, manifest, layout, needs)
    progress("mirror complete" if not missing else "mirror not complete", 1.0)
    return manifest


def _gather_files(files: FileGatherer, needs: Needs, manifest: Manifest, progress: Progress, missing: list[str]) -> Manifest:
    for number, file in enumerate(needs.files):
        part = within(progress, number / len(needs.files), (number + 1) / len(needs.files))
        manifest = _keep(files.folder, files.gather(file, manifest, part, missing))
    return manifest


def _gather_images(
    folder: Path,
    images: ImageGatherer,
    wanted: tuple[NeededImage, ...],
    manifest: Manifest,
    progress: Progress,
    missing: list[str],
) -> Manifest:
    for number, image in enumerate({image.reference: image for image in wanted}.values()):
        progress(f"image {image.reference}", number / len(wanted))
        manifest = _keep(folder, images.gather(image, manifest, missing))
    return manifest


def _read_lists(apt: PrivateApt, *, required: bool) -> str:
    """Why there can be no packages: this machine has no apt, say, because its nodes are of another distribution. Else nothing."""
    apt.folder.mkdir(exist_ok=True)
    try:
        apt.update()
    except ToolError as error:
        if required:
            raise
        return error.what
    return ""


def _earlier(folder: Path, new: Manifest) -> Manifest:
    """What an earlier run for the same release brought counts; each file's checksum is looked at again."""
    if not (folder / mirror_manifest.MANIFEST).exists():
        return new
    old = mirror_manifest.load(folder)
    if (old.tag, old.architecture) != (new.tag, new.architecture):
        hint = "give another folder with --to, or remove this one"
        raise ToolError(f"the folder holds a mirror for {old.tag} ({old.architecture})", where=str(folder), hint=hint)
    return replace(new, files=old.files, images=old.images)


def _keep(folder: Path, manifest: Manifest) -> Manifest:
    mirror_manifest.save(folder, manifest)
    return manifest


def _without_unneeded(manifest: Manifest, needs: Needs, images: tuple[NeededImage, ...]) -> Manifest:
    names, references = {file.name for file in needs.files}, {image.reference for image in images}
    files = tuple(sorted((entry for entry in manifest.files if entry.name in names), key=lambda entry: entry.name))
    kept = tuple(sorted((entry for entry in manifest.images if entry.name in references), key=lambda entry: entry.name))
    return replace(manifest, files=files, images=kept)


def _remove_unneeded(folder: Path, manifest: Manifest, layout: ImageLayout, needs: Needs) -> None:
    """Remove what an earlier run brought for other settings. Downloads that broke off stay: the next run goes on with them."""
    used = {folder / entry.path for entry in manifest.files}
    used |= {part_path(folder / mirror_manifest.file_path(file.url)) for file in needs.files}
    for path in (folder / mirror_manifest.FILES).rglob("*"):
        if path.is_file() and path not in used:
            path.unlink()
    layout.set_names({entry.name: entry.digest for entry in manifest.images})
    digests = {entry.digest for entry in manifest.images}
    layout.remove_unused(frozenset(digests | {part for digest in digests for part, _ in layout.parts(digest)}))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ToolError("another build of this mirror is under way", where=str(folder), hint="wait for it") from None
        yield
