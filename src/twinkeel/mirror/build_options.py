"""Where a mirror's content may come from, and what of that makes no sense together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from twinkeel.debian.kubernetes import DISTRIBUTION_VERSION
from twinkeel.errors import UsageError
from twinkeel.kubespray.kept_support import support_of
from twinkeel.kubespray.release import Release
from twinkeel.mirror.needs import NeededImage
from twinkeel.mirror.programs import Program, kubernetes_version


@dataclass(frozen=True)
class BuildOptions:
    """Where things may come from.

    `folders` are searched first; then come the user's own `programs`, by name. `distribution`: what Debian can give comes before
    the internet. `replace`: beginning of an address -> what stands for it. `variables` are given to Kubespray besides the
    inventory. `images` are wanted, too.
    """

    folders: tuple[Path, ...] = ()
    programs: Mapping[str, Program] = field(default_factory=dict)
    distribution: bool = False
    replace: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, object] = field(default_factory=dict)
    images: tuple[NeededImage, ...] = ()


def builds_kubernetes(options: BuildOptions) -> bool:
    """Whether Kubernetes is Debian's, built from its source: never a part of it when the user has some of his own."""
    return options.distribution and not kubernetes_version(options.programs)


def refuse_other_kubernetes(release: Release, options: BuildOptions) -> None:
    """Raise UsageError when the release does not install the version that the options bring."""
    given = kubernetes_version(options.programs)
    if given and support_of(release).installs(given) == "no":
        what = f"the programs are Kubernetes {given}, which Kubespray {release.tag} does not install"
        raise UsageError(what, where="--local", hint="another release, or programs of another version")
    if builds_kubernetes(options) and support_of(release).installs(DISTRIBUTION_VERSION) == "no":
        what = f"Debian has Kubernetes {DISTRIBUTION_VERSION}, which Kubespray {release.tag} does not install"
        raise UsageError(what, where="--distribution", hint="v2.16.0 does; or --local DIR, --from DIR, or the internet")
