"""A command's context; what was found in the spec goes to standard error."""

import sys
from collections.abc import Sequence
from pathlib import Path

from twinkeel.app.context import Context, SpecFindings, build_context
from twinkeel.cli.which_specs import one_spec
from twinkeel.diagnostic import render_text
from twinkeel.topology.model import Topology

GOES_ON = "twinkeel: these errors are about what Kubespray would install; this command only looks, and goes on"


def open_context(file: Path | Sequence[Path], *, reading: bool = False, renders: bool = False, break_lock: bool = False) -> Context:
    """See `build_context`. Raises SpecError, or UsageError when it is not about one spec (both exit 2)."""
    return build_context(one_spec(file), show_findings, reading=reading, renders=renders, break_lock=break_lock)


def load_topology(path: Path | Sequence[Path], *, reading: bool = False) -> Topology:
    """The system that the spec at `path` describes, for what needs nothing else. Raises SpecError (exit 2)."""
    return open_context(path, reading=reading).topology


def show_findings(found: SpecFindings) -> None:
    """Every finding with its place, warnings too."""
    for diagnostic in found.diagnostics:
        print(render_text(diagnostic, found.source), file=sys.stderr)
    if found.goes_on:
        print(GOES_ON, file=sys.stderr)
