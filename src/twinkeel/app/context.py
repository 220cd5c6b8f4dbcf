"""What every use case takes: the spec, what it means, its passwords, and where events go; built in one place."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from twinkeel.diagnostic import Diagnostic
from twinkeel.errors import SpecError
from twinkeel.kubespray.find_support import find_support
from twinkeel.source import SourceFile
from twinkeel.spec.document import read_source
from twinkeel.spec.load import load
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.secrets import Secrets, load_secrets, require_secrets, secrets_path
from twinkeel.support.events import Event, Notice, OnEvent
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

# Variable -> the field of `ssh` that it overrides. A lab, or a CI job, brings its own key.
SSH_VARIABLES = {"TWINKEEL_SSH_IDENTITY_FILE": "identity_file", "TWINKEEL_SSH_KNOWN_HOSTS_FILE": "known_hosts_file"}


@dataclass(frozen=True)
class SpecFindings:
    """What was found in a spec; `goes_on`: some are errors, of a kind that does not stop a command that only looks."""

    diagnostics: tuple[Diagnostic, ...]
    source: SourceFile
    goes_on: bool = False


OnFindings = Callable[[SpecFindings], None]


def _ignore_event(_: Event) -> None:
    """Where events go that nobody listens to."""


@dataclass(frozen=True, repr=False)
class Context:
    """One command's view of one cluster.

    `file` is the spec's path and `text` what stood there; `topology` is built from `spec`, with the environment's overrides.
    `passwords` are those that the spec asks for, or why they are not there: use `secrets`. `on_event` is called from more than one
    thread, never by two at once. `break_lock` takes the cluster's lock from whoever holds it. `log` is where Ansible's output goes.
    """

    file: Path
    text: str
    spec: ClusterSpec
    topology: Topology
    passwords: Secrets | SpecError
    break_lock: bool = False
    on_event: OnEvent = _ignore_event
    log: Path | None = None

    def __repr__(self) -> str:
        """Which spec it is of. What stands there may hold passwords of other programs, and a traceback may show this."""
        return f"Context({str(self.file)!r})"

    @property
    def secrets(self) -> Secrets:
        """Every password that the spec asks for. Raises SpecError when one is missing: nothing is rendered without."""
        if isinstance(self.passwords, SpecError):
            raise self.passwords
        return self.passwords

    @property
    def load_balancers(self) -> list[str]:
        """Their short names: the hosts that a change of the configuration works on."""
        return [balancer.machine.name for balancer in self.topology.load_balancers]

    def reporting_to(self, on_event: OnEvent) -> "Context":
        """The same, with somebody who listens."""
        return replace(self, on_event=on_event)

    def note(self, text: str) -> None:
        """Something that the person must read."""
        self.on_event(Notice(text))


def build_context(
    file: Path, on_findings: OnFindings, *, reading: bool = False, renders: bool = False, break_lock: bool = False
) -> Context:
    """The context of a command about the spec at `file`.

    Args:
        on_findings: is told what was found in the spec, warnings too, before anything is made of it.
        reading: the command only looks at a running system: what Kubespray would refuse to install does not stop it.
        renders: the command makes files: a password that is missing is said now, not when it is needed.

    Raises:
        SpecError: the spec is not valid; with `renders` also: a password is missing, or in a file that others can read.
    """
    source = read_source(file)
    spec = usable_spec(source, on_findings, reading=reading)
    passwords = _passwords(spec, file.parent)
    if renders and isinstance(passwords, SpecError):
        raise passwords
    spec = with_environment(spec, os.environ)
    return Context(
        file, source.text, spec, build(spec, file.parent, find_support(spec.kubernetes.kubespray)), passwords, break_lock
    )


def with_environment(spec: ClusterSpec, environment: Mapping[str, str]) -> ClusterSpec:
    """The spec with the SSH files that the environment names; their paths are relative to the working folder."""
    given = {field: str(Path(environment[name]).absolute()) for name, field in SSH_VARIABLES.items() if environment.get(name)}
    return spec.model_copy(update={"ssh": spec.ssh.model_copy(update=given)}) if given else spec


def usable_spec(source: SourceFile, on_findings: OnFindings, *, reading: bool = False) -> ClusterSpec:
    """The spec that a text holds; see `build_context`, for the arguments, too. Raises SpecError when it is not valid."""
    loaded = load(source, find_support)
    readable = loaded.readable if reading else None
    on_findings(SpecFindings(loaded.diagnostics, loaded.source, goes_on=loaded.spec is None and readable is not None))
    spec = loaded.spec or readable
    if spec is None:
        errors = sum(1 for item in loaded.diagnostics if item.severity == "error")
        raise SpecError(f"the spec has {errors} error{'s' if errors != 1 else ''}", hint="`twinkeel check` shows the same list")
    return spec


def _passwords(spec: ClusterSpec, folder: Path) -> Secrets | SpecError:
    """The passwords, or what is wrong with them: that stops the commands alone that need them."""
    try:
        secrets = load_secrets(secrets_path(spec, folder), os.environ)
        require_secrets(spec, secrets)
    except SpecError as error:
        return error
    return secrets
