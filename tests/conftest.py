"""Options and fixtures that suites share: the seed's cluster as a topology, and small edits of its spec."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

EXAMPLE = Path(__file__).parents[1] / "examples/lab-home.yaml"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew instead of comparing with them")


@pytest.fixture
def build_edited() -> Callable[..., Topology]:
    """Build lab-home with pieces of its text replaced; a piece that is not there once is a mistake in the test."""

    def edited(*edits: tuple[str, str]) -> Topology:
        text = EXAMPLE.read_text()
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        loaded = load(SourceFile("twinkeel.yaml", text))
        assert loaded.spec is not None, loaded.diagnostics
        return build(loaded.spec, Path("/srv/cluster"))

    return edited


@pytest.fixture
def lab_home_topology(build_edited: Callable[..., Topology]) -> Topology:
    return build_edited()
