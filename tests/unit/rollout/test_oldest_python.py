"""What runs on hosts is written for the oldest Python that preflight lets pass (P003)."""

import ast
from pathlib import Path

import pytest

import twinkeel
from twinkeel.preflight.access import OLDEST_PYTHON

ROOT = Path(twinkeel.__file__).parent
PROGRAMS = [*ROOT.glob("*/host_programs/*.py"), *ROOT.glob("*/programs/*.py")]
ON_HOSTS = sorted([*(ROOT / "rollout/ansible/library").glob("*.py"), ROOT / "plan/unit_actions.py", *PROGRAMS])


def test_all_of_them_are_looked_at() -> None:
    names = {path.stem for path in ON_HOSTS}
    assert {"rendered_files", "unit_actions", "read_state", "survey_host", "probe_segment", "server_state"} <= names


@pytest.mark.parametrize("path", ON_HOSTS, ids=lambda path: path.name)
def test_it_is_no_syntax_error_there(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=OLDEST_PYTHON)
