"""What only the rendered files show: settings that the named versions cannot do, and raw lines that the real daemons refuse."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from twinkeel.diagnostic import Diagnostic, Severity
from twinkeel.render.constraints import requested_by_spec, violated_constraints
from twinkeel.source import Span
from twinkeel.spec.document import Document, Key
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.software_versions import NAMES
from twinkeel.vip.daemons import VRRP_DAEMON

if TYPE_CHECKING:
    from twinkeel.render.extra_lines import ExtraLine
    from twinkeel.render.validate import Complaint
    from twinkeel.spec.secrets import Secrets
    from twinkeel.vip.daemon import Version


class Validation(NamedTuple):
    """What was found, and notes on what could not be looked at."""

    diagnostics: tuple[Diagnostic, ...]
    notes: tuple[str, ...]


def programs_with_raw_lines(spec: ClusterSpec) -> tuple[str, ...]:
    """The daemons that get lines of the user's own."""
    return tuple(name for name in ("haproxy", VRRP_DAEMON.section) if getattr(spec, name).extra.model_fields_set)


def validate_rendered(spec: ClusterSpec, document: Document, folder: Path) -> Validation:
    """Every refusal to render (S090), and what the installed daemons say of raw lines (S091).

    Args:
        spec: a spec without findings of severity error.
        document: where it comes from.
        folder: the spec's folder; it is not read.
    """
    refused = violated_constraints(requested_by_spec(spec))
    if refused:
        found = [_refused(document, tuple(item.key.split(".")), item.what, item.hint) for item in refused]
        return Validation(tuple(found), ())
    programs = programs_with_raw_lines(spec)
    return _validate_raw_lines(spec, folder, document, programs) if programs else Validation((), ())


def _validate_raw_lines(spec: ClusterSpec, folder: Path, document: Document, programs: tuple[str, ...]) -> Validation:
    """Builds the system, loads templates and runs programs: most specs have no raw lines and are spared the time."""
    from twinkeel.render.files import RenderedFiles
    from twinkeel.render.render import render
    from twinkeel.render.validate import installed, validate_files, version_of
    from twinkeel.topology.build import build

    topology = build(spec, folder)
    rendered = render(topology, "verified", _any_secrets())
    # Raw lines are the same on every load balancer.
    first = next(iter(rendered.hosts))
    complaints = [item for item in validate_files(RenderedFiles({first: rendered.hosts[first]}, ())) if item.program in programs]
    wanted = {"haproxy": topology.haproxy.version, VRRP_DAEMON.section: topology.vrrp_daemon.version}
    other = {name: version for name in programs if _is_other(version := version_of(name), wanted[name])}
    found = [_complained(document, item, other.get(item.program, "")) for item in complaints if item.completed]
    missing = [program for program in programs if program not in installed()]
    notes = [f"{program} is not installed here, so nobody has validated the lines of {program}.extra" for program in missing]
    died = (item for item in complaints if not item.completed)
    notes += [f"{item.text}: the lines of {item.program}.extra are neither accepted nor refused" for item in died]
    for name, version in other.items():
        notes.append(
            f"{name} {version} of this machine has validated the lines of {name}.extra; the load balancers have "
            f"{'.'.join(map(str, wanted[name]))}, and `twinkeel apply` lets their own validate them"
        )
    return Validation(tuple(dict.fromkeys(found)), tuple(notes))


def _any_secrets() -> "Secrets":
    """The checkers take any words for the passwords, so the real ones are not read for this."""
    from twinkeel.spec.secrets import Secrets

    return Secrets(vrrp_password="judged", metrics_password="judged", vrrp_key="00" * 32, bgp_password="judged")  # noqa: S106


def _is_other(installed_version: str, wanted: "Version") -> bool:
    """Whether the checker here is of another release line than the load balancers' program; not when it cannot be asked."""
    return bool(installed_version) and tuple(int(part) for part in installed_version.split(".")[:2]) != wanted[:2]


def _refused(document: Document, path: Key, what: str, hint: str) -> Diagnostic:
    return Diagnostic("S090", "error", what, document.value_span(path), hint)


def _complained(document: Document, complaint: "Complaint", other: str) -> Diagnostic:
    """A finding: an error, or a warning when a program of another version (`other`) than the hosts' has validated them."""
    daemon = NAMES[complaint.program]
    if complaint.extra is None:
        span, about = document.key_span((complaint.program, "extra")), "the file with these lines"
    else:
        span, about = _line(document, complaint.extra), "this line"
    hint = f"correct it, or delete it: {daemon} itself refuses {about}"
    if "not found, ignoring" in complaint.text:
        hint = f"put the block that defines it into {VRRP_DAEMON.section}.extra.definitions, which comes before the instances"
    if other:
        daemon, hint = f"{daemon} {other}", f"{hint}, but it is of another version than the load balancers'"
    severity: Severity = "warning" if other else "error"
    return Diagnostic("S091", severity, f"{daemon}: {' '.join(complaint.text.split())}", span, hint)


def _line(document: Document, extra: "ExtraLine") -> Span:
    """The line of a block that is meant, or the whole value where it stands on one line."""
    path = tuple(extra.key.split("."))
    start = document.value_span(path)
    value: object = document.values
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    lines = str(value).strip("\n").split("\n")
    text = document.source.line(start.line + extra.line)
    if not 1 <= extra.line <= len(lines) or not lines[extra.line - 1].strip() or text.strip() != lines[extra.line - 1].strip():
        return start
    return Span(start.line + extra.line, len(text) - len(text.lstrip()) + 1, len(text.strip()))
