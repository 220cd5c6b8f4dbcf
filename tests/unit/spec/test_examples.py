"""The specs that a stranger starts from have no findings, not even a warning, and say in their first line what they are for."""

from pathlib import Path

import pytest

from twinkeel.diagnostic import render_text
from twinkeel.spec.document import read_source
from twinkeel.spec.load import load
from twinkeel.topology.build import build

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_no_findings(path: Path) -> None:
    loaded = load(read_source(path))

    assert [render_text(item, loaded.source) for item in loaded.diagnostics] == []
    assert loaded.source.line(1).startswith("# ")
    assert loaded.spec is not None
    assert len(build(loaded.spec, path.parent).machines) >= 3


def test_there_is_an_example_for_each_way_to_begin() -> None:
    assert {path.stem for path in EXAMPLES} >= {"small", "co-located", "dual-stack", "ingress", "air-gapped", "lab-home"}
