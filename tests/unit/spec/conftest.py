"""A valid spec as text, and small edits of it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.source import SourceFile
from twinkeel.spec.load import Loaded, load

sys.path.insert(0, str(Path(__file__).parent))

# A copy of the example, so that a comment added there moves no expected line here.
LAB_HOME = Path(__file__).with_name("twinkeel.yaml").read_text()


@pytest.fixture
def lab_home() -> str:
    return LAB_HOME


@pytest.fixture
def load_edited() -> Callable[..., Loaded]:
    """Load lab-home with pieces of its text replaced; a piece that is not there is a mistake in the test."""

    def edited(*edits: tuple[str, str]) -> Loaded:
        text = LAB_HOME
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return load(SourceFile("twinkeel.yaml", text))

    return edited
