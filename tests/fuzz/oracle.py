"""What must hold for every file, however strange: success or diagnostics with a place, soon, and never a traceback."""

import json
import time
from pathlib import Path

from twinkeel.diagnostic import Diagnostic, as_json, render_text
from twinkeel.render.constraints import requested_by, requested_by_spec, violated_constraints
from twinkeel.render.files import RenderedFiles
from twinkeel.render.render import render
from twinkeel.source import SourceFile, Span
from twinkeel.spec.document import read_source
from twinkeel.spec.load import Loaded, load
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.build import build

LONGEST = 10.0
SECRETS = Secrets(vrrp_password="x", metrics_password="y", vrrp_key="00" * 32, bgp_password="z")  # noqa: S106

# Words of the libraries below: a person who edits a spec should not need to know them.
FOREIGN = ("Input should", "Field required", "valid dictionary", "pydantic", "Traceback", "Extra inputs")


def judge(path: Path) -> Loaded:
    """Load a file and assert everything that must hold, however it ends."""
    # Processor time: how busy the machine is says nothing about the file.
    start = time.process_time_ns()
    loaded = load(read_source(path))
    shown = "\n".join(render_text(item, loaded.source) for item in loaded.diagnostics)
    seconds = (time.process_time_ns() - start) / 1e9
    assert seconds < LONGEST, f"took {seconds:.1f} s"
    shown.encode()
    json.dumps([as_json(item, loaded.source) for item in loaded.diagnostics]).encode()
    for item in loaded.diagnostics:
        _is_well_said(item, loaded.source)
    errors = [item for item in loaded.diagnostics if item.severity == "error"]
    assert (loaded.spec is None) == bool(errors), "an invalid spec has an error, and a valid one has none"
    return loaded


def _is_well_said(item: Diagnostic, source: SourceFile) -> None:
    for span in (item.span or Span(1, 1), *(span for span, _ in item.related)):
        assert 1 <= span.line <= len(source.lines), f"{item} is beyond the file's last line"
        assert 1 <= span.column <= len(source.line(span.line)) + 1, f"{item} is beyond its line's end"
    assert item.message.strip(), item
    assert item.hint.strip(), item
    assert "\n" not in item.message + item.hint, item
    assert not any(word in item.message + item.hint for word in FOREIGN), item


def files(loaded: Loaded) -> RenderedFiles | None:
    """What an accepted spec renders to; None when it is refused for a reason that has words."""
    assert loaded.spec is not None
    topology = build(loaded.spec, Path("/srv/cluster"))
    assert requested_by(topology) == requested_by_spec(loaded.spec)
    found = violated_constraints(requested_by(topology))
    assert all(refusal.what and refusal.hint for refusal in found)
    return None if found else render(topology, "verified", SECRETS)
