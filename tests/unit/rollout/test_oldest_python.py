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


# `list[str]` and `Callable[...]` are expressions like any other where Python evaluates them: an error before 3.9.
GENERICS = {"list", "dict", "set", "frozenset", "tuple", "type", "Callable", "Iterator", "Iterable", "Mapping", "Sequence"}
# Methods of str that came with 3.9.
LATER = {"removeprefix", "removesuffix"}


class Evaluated(ast.NodeVisitor):
    """What a module evaluates when it runs and Python 3.8 cannot: annotations and what is for type checkers are left out."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def visit_If(self, node: ast.If) -> None:
        for part in node.orelse if ast.unparse(node.test) == "TYPE_CHECKING" else [node.test, *node.body, *node.orelse]:
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *node.body):
            self.visit(part)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.value, ast.Name) and node.value.id in GENERICS:
            self.found.append(ast.unparse(node))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in LATER:
            self.found.append(ast.unparse(node))
        self.generic_visit(node)


@pytest.mark.parametrize("path", ON_HOSTS, ids=lambda path: path.name)
def test_it_evaluates_nothing_that_came_later(path: Path) -> None:
    evaluated = Evaluated()
    evaluated.visit(ast.parse(path.read_text()))
    assert evaluated.found == []


def test_what_came_later_is_seen() -> None:
    evaluated = Evaluated()
    evaluated.visit(
        ast.parse(
            "Run = Callable[[list[str]], int]\ndef f(a: list[str]) -> None:\n    b: dict[str, int] = {}\n    a.removeprefix('x')"
        )
    )
    assert evaluated.found == ["Callable[[list[str]], int]", "list[str]", "a.removeprefix"]
