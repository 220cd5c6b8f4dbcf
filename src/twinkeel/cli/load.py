"""Reading the spec for a command: diagnostics to standard error, then a topology (and its passwords) or a SpecError."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from twinkeel.diagnostic import render_text
from twinkeel.errors import SpecError
from twinkeel.kubespray.kept_support import find_support
from twinkeel.source import SourceFile
from twinkeel.spec.document import read_source
from twinkeel.spec.load import Loaded, load
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.secrets import Secrets, load_secrets, require_secrets, secrets_path
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

# Variable -> the field of `ssh` that it overrides. A lab, or a CI job, brings its own key.
SSH_VARIABLES = {"TWINKEEL_SSH_IDENTITY_FILE": "identity_file", "TWINKEEL_SSH_KNOWN_HOSTS_FILE": "known_hosts_file"}


def load_topology(path: Path, *, reading: bool = False) -> Topology:
    """The system that the spec at `path` describes.

    Args:
        reading: the command only looks at a running system: what Kubespray would refuse to install does not stop it.

    Findings go to standard error, warnings too. Raises SpecError (exit 2) when the spec is not valid.
    """
    return _build(valid_spec(read_source(path), reading=reading), path.parent)


def load_topology_and_secrets(path: Path, *, required: bool = True, reading: bool = False) -> tuple[Topology, Secrets]:
    """The system that the spec at `path` describes, with the passwords that it asks for: what renders files needs both.

    Args:
        required: whether every password that the spec asks for must be there; otherwise those that are there are read.
        reading: see `load_topology`.

    Raises SpecError (exit 2) when the spec is not valid, or a password is missing or in a file that others can read.
    """
    spec = valid_spec(read_source(path), reading=reading)
    secrets = load_secrets(secrets_path(spec, path.parent), os.environ)
    if required:
        require_secrets(spec, secrets)
    return _build(spec, path.parent), secrets


def _build(spec: ClusterSpec, folder: Path) -> Topology:
    return build(with_environment(spec, os.environ), folder, find_support(spec.kubernetes.kubespray))


def valid_spec(source: SourceFile, *, reading: bool = False) -> ClusterSpec:
    """The spec that a text holds; findings go to standard error. Raises SpecError (exit 2) when it is not valid."""
    loaded = load(source, find_support)
    for diagnostic in loaded.diagnostics:
        print(render_text(diagnostic, loaded.source), file=sys.stderr)
    if loaded.spec is None and loaded.readable is not None and reading:
        print(
            "twinkeel: these errors are about what Kubespray would install; this command only looks, and goes on", file=sys.stderr
        )
        return loaded.readable
    if loaded.spec is None:
        raise SpecError(_summary(loaded), hint="`twinkeel check` shows the same list")
    return loaded.spec


def with_environment(spec: ClusterSpec, environment: Mapping[str, str]) -> ClusterSpec:
    """The spec with the SSH files that the environment names; their paths are relative to the working folder."""
    given = {field: str(Path(environment[name]).absolute()) for name, field in SSH_VARIABLES.items() if environment.get(name)}
    return spec.model_copy(update={"ssh": spec.ssh.model_copy(update=given)}) if given else spec


def _summary(loaded: Loaded) -> str:
    errors = sum(1 for item in loaded.diagnostics if item.severity == "error")
    return f"the spec has {errors} error{'s' if errors != 1 else ''}"
