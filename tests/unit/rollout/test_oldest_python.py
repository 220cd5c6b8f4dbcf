"""What runs on hosts is written for the oldest Python that preflight lets pass (P003)."""

import ast
from pathlib import Path

import pytest

import twinkeel
from twinkeel.preflight.access import OLDEST_PYTHON

APPLY = Path(twinkeel.__file__).parent / "apply"
ON_HOSTS = sorted([*(APPLY / "ansible" / "library").glob("*.py"), *(APPLY / "host_programs").glob("*.py")])


@pytest.mark.parametrize("path", ON_HOSTS, ids=lambda path: path.name)
def test_it_is_no_syntax_error_there(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=OLDEST_PYTHON)
