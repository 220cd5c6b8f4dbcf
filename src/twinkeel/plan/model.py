"""What a plan is: what `apply` would do now, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from twinkeel.observe.ending import Ending
from twinkeel.render.files import RenderedFile, RenderedFiles
from twinkeel.render.haproxy import CA_PATH, Trust

ChangeKind = Literal["new", "content", "attributes", "removed", "left over"]


@dataclass(frozen=True)
class Desired:
    """What the load balancers shall have: rendered files, and the authority that HAProxy verifies API servers with."""

    rendered: RenderedFiles
    ca: str | None
    trust: Trust

    def files_of(self, name: str) -> tuple[RenderedFile, ...]:
        """All files of a load balancer, the authority first."""
        return (*(() if self.ca is None else (RenderedFile(CA_PATH, self.ca),)), *self.rendered.hosts[name])


@dataclass(frozen=True)
class FileChange:
    """A file that is not as it must be. `detail` says it in words, `diff` is a unified diff without secrets, or empty.

    `removed` is a file that apply installed once and that is no longer rendered: apply removes it. `left over` is one that says
    that Twinkeel wrote it, and that no apply knows of: it is told and not touched.
    """

    path: str
    kind: ChangeKind
    detail: str
    diff: str


@dataclass(frozen=True)
class HostPlan:
    """What `apply` would do to one load balancer. `packages` are those to install, with the version that is offered; `actions` is
    what each service needs: none, start, reload or restart.

    `foreign` is what files that somebody else wrote do and the rendered ones do not: it ends. `incompatible_with` are the holders
    of virtual IPs that would drop this host's advertisements with its new files until they have theirs: it stays in standby until
    then. `problem` is why the host could not be asked; then nothing else is known.
    """

    name: str
    files: tuple[FileChange, ...] = ()
    packages: Mapping[str, str | None] | None = None
    actions: Mapping[str, str] | None = None
    holds: tuple[str, ...] = ()
    foreign: tuple[Ending, ...] = ()
    incompatible_with: tuple[str, ...] = ()
    problem: str = ""

    @property
    def replaced(self) -> tuple[FileChange, ...]:
        """The files that `apply` would write or remove."""
        return tuple(change for change in self.files if change.kind != "left over")

    @property
    def left_over(self) -> tuple[FileChange, ...]:
        """The files that are told and not touched."""
        return tuple(change for change in self.files if change.kind == "left over")

    @property
    def lost(self) -> tuple[Ending, ...]:
        """What ends and nothing of ours replaces: `apply` begins only when a person said that it may."""
        return tuple(ending for ending in self.foreign if not ending.replaced)

    @property
    def needed_actions(self) -> dict[str, str]:
        """Services that would be started, reloaded or restarted."""
        return {unit: action for unit, action in (self.actions or {}).items() if action != "none"}

    @property
    def has_changes(self) -> bool:
        """Whether `apply` would do anything here."""
        return self.changes > 0

    @property
    def changes(self) -> int:
        """How many files are replaced or removed, packages installed and services brought to their files."""
        return len(self.replaced) + len(self.packages or {}) + len(self.needed_actions)


@dataclass(frozen=True)
class Plan:
    """Every load balancer in the order of work, what happens in which order, and how certificates will be checked.

    `groups` are the names of those that are worked on together, in order; those that could not be asked are in none. `later` says
    what comes after it before the load balancers have what the spec wants: see `twinkeel.plan.sweeps`. `desired` is what they have
    when it was carried out; it holds secrets.
    """

    hosts: tuple[HostPlan, ...]
    steps: tuple[str, ...]
    trust: str
    groups: tuple[tuple[str, ...], ...] = ()
    later: tuple[str, ...] = ()
    desired: Desired | None = field(default=None, repr=False)

    @property
    def drift(self) -> bool:
        """Whether any host is not as it must be; files left over count."""
        return any(host.has_changes or host.left_over for host in self.hosts)

    @property
    def has_changes(self) -> bool:
        """Whether `apply` would do anything."""
        return any(host.has_changes for host in self.hosts)

    @property
    def replaces_files(self) -> bool:
        """Whether `apply` would replace or remove a file anywhere."""
        return any(host.replaced for host in self.hosts)

    def changes_of(self, name: str) -> int:
        """How much `apply` would change on a host."""
        return next((host.changes for host in self.hosts if host.name == name), 0)

    @property
    def unreachable(self) -> tuple[HostPlan, ...]:
        """The hosts that could not be asked."""
        return tuple(host for host in self.hosts if host.problem)


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values."""
    return {
        "drift": plan.drift,
        "trust": plan.trust,
        "order": [host.name for host in plan.hosts],
        "steps": list(plan.steps),
        "later": list(plan.later),
        "hosts": [_host_json(host) for host in plan.hosts],
    }


def _host_json(host: HostPlan) -> dict[str, Any]:
    return {
        "name": host.name,
        "problem": host.problem or None,
        "holds": list(host.holds),
        "foreign": [str(ending) for ending in host.foreign],
        "lost": [str(ending) for ending in host.lost],
        "packages": dict(host.packages or {}),
        "actions": dict(host.actions or {}),
        "files": [
            {"path": change.path, "change": change.kind, "detail": change.detail, "diff": change.diff} for change in host.files
        ],
    }
