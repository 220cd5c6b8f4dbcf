"""Which programs make up Kubernetes in the lab, and how a folder of them is checked."""

import json
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twinkeel.errors import ToolError, UsageError

Origin = Literal["release", "distribution", "folder"]

CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
NODE = ("kubelet",)
CLIENT = ("kubectl",)
PROGRAMS = (*CONTROL_PLANE, *NODE, *CLIENT)

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_ORIGINS = {
    "release": "the official release",
    # Debian 12 has no newer one, and upstream's support of it ended in 2022: nobody shall take it for what a cluster would run.
    "distribution": "fallback built from Debian's source, out of support",
    "folder": "from {dir}",
}


@dataclass(frozen=True)
class Binaries:
    """A folder that holds every one of PROGRAMS. `version` is like 1.20.2."""

    dir: Path
    version: str
    origin: Origin

    @property
    def kubectl(self) -> Path:
        """The client's program."""
        return self.dir / "kubectl"

    def describe(self, wanted: str) -> str:
        """One line for a person: what runs in the lab, and plainly so when it is not the version the spec asks for."""
        line = f"Kubernetes {self.version} ({_ORIGINS[self.origin].format(dir=self.dir)})"
        return line if self.version == wanted else f"{line}; the spec asks for {wanted}, which is not what runs here"


def machine_architecture() -> str:
    """This machine's architecture as Kubernetes names it. Raises ToolError for one that the lab does not know."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise ToolError(f"the lab does not know official Kubernetes programs for {machine}", hint="give a folder: --kubernetes DIR")
    return ARCHITECTURES[machine]


def check_folder(folder: Path) -> Binaries:
    """The programs in a folder that somebody gave us, each started once to ask for its version.

    Raises:
        UsageError: the folder, or a program in it, is missing, does not run here, or is of another version than the rest.
    """
    hint = f"the folder must hold {', '.join(PROGRAMS)}"
    missing = [name for name in PROGRAMS if not os.access(folder / name, os.X_OK) or not (folder / name).is_file()]
    if missing:
        raise UsageError(f"no executable {', '.join(missing)} for --kubernetes", where=str(folder), hint=hint)
    versions = {name: program_version(folder / name) for name in PROGRAMS}
    if len(set(versions.values())) != 1:
        listed = ", ".join(f"{name} {version}" for name, version in versions.items())
        raise UsageError("the programs for --kubernetes are of different versions", where=f"{folder}: {listed}", hint=hint)
    return Binaries(folder.resolve(), versions["kubelet"], "folder")


def program_version(program: Path) -> str:
    """What a program says its version is, like 1.20.2. Raises UsageError when it does not run or says none."""
    client = program.name in CLIENT
    argv = [str(program), "version", "--client", "--output=json"] if client else [str(program), "--version"]
    try:
        answer = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True).stdout
        text = json.loads(answer)["clientVersion"]["gitVersion"] if client else answer
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise UsageError(f"{program.name} does not run on this machine", where=str(program), hint=str(error)) from error
    found = re.search(r"v(\d+\.\d+\.\d+)", text)
    if not found:
        raise UsageError(f"{program.name} does not report its version", where=str(program), hint=f"it said: {text.strip()[:200]}")
    return found.group(1)
