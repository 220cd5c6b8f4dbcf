"""Debian 13's programs for every test here, and the golden files that they judge."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import debian_root


@pytest.fixture(scope="session")
def root() -> Path:
    return debian_root.ensure_root()
