"""The user's own programs and what Debian puts beside them, and the settings that fit."""

from pathlib import Path

from twinkeel.debian.packages import PrivateApt
from twinkeel.debian.progress import Progress
from twinkeel.kubespray.kept_support import support_of
from twinkeel.kubespray.release import Release
from twinkeel.mirror.build_options import BuildOptions, builds_kubernetes
from twinkeel.mirror.debian_programs import debian_programs
from twinkeel.mirror.distribution import VARIABLES, WITHOUT_IMAGES
from twinkeel.mirror.program_maker import STAND_IN, ProgramMaker
from twinkeel.mirror.programs import kubernetes_version

# Kubespray writes the settings of these by their version.
CONFIGURED = ("etcd", "containerd")


def own_programs(options: BuildOptions, work: Path, apt: PrivateApt, progress: Progress) -> ProgramMaker | None:
    """What makes files and images out of the user's programs; None without any. Raises ToolError when apt failed."""
    if not options.programs:
        return None
    if builds_kubernetes(options) or not options.distribution:
        return ProgramMaker(options.programs)
    debian = debian_programs(work, apt, progress)
    found = {"nerdctl": STAND_IN, **debian.programs, **options.programs}
    return ProgramMaker(found, debian.plugins, debian.proxy_root, debian.busybox)


def settings_for(release: Release, options: BuildOptions, own: ProgramMaker | None) -> dict[str, object]:
    """What Kubespray must be told so that it asks for what is there, and configures each program as its version wants it."""
    found: dict[str, object] = dict(WITHOUT_IMAGES) if options.distribution else {}
    if builds_kubernetes(options):
        found = dict(VARIABLES)
    elif version := kubernetes_version(options.programs):
        found["kube_version"] = support_of(release).version_prefix + version
    programs = own.programs if own else {}
    return found | {f"{name}_version": programs[name].version for name in CONFIGURED if name in programs}
