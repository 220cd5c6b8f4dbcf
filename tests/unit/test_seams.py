"""The seam of what shares virtual IPs out: who may know that it is Keepalived, and why. Every other module asks the backend.

What counts are names and texts of code: of a docstring or a comment nothing depends on.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import twinkeel

SOURCE = Path(twinkeel.__file__).parent
WORD = re.compile("keepalived", re.IGNORECASE)

ROOMS = {
    "render": "writes its files",
    "vip/keepalived": "is the backend",
    "liveconfig": "reads other people's files",
    "audit": "judges them",
    "adopt": "makes a spec of them",
    "drill": "breaks and watches it",
    "bench": "the workbench: other people's pairs are made of it",
    "lab": "the workbench: hosts that have it, and routers that compete with it",
    "spec": "`keepalived:` is a key of the user's, and its versions are the user's to name",
    "monitor/alerts": "an alert tells a person which service to look at",
}
MODULES = {
    "vip/choose_backend.py": "chooses",
    # What a host's own files are: the side of the audit and of the import.
    "app/audit.py": "audit",
    "app/audit_files.py": "audit",
    "app/audit_hosts.py": "audit",
    "app/audit_input.py": "audit",
    "app/audit_live.py": "audit",
    "app/import_pair.py": "import",
    "cli/show_audit.py": "audit",
    "cli/show_import.py": "import",
    "observe/live_configuration.py": "fetches those files from hosts",
    # What a spec says below its key `keepalived:`.
    "app/check_rendered.py": "its raw lines",
    "cli/show_json.py": "its settings",
    "cli/show_settings.py": "its settings",
    "plan/refuse_losses.py": "names the key in a hint",
    "topology/build.py": "its settings",
    "topology/model.py": "its settings",
    # VRRP's failure arithmetic, which `check` and `explain` show without a host.
    "topology/faults.py": "titles of faults and ids of drills",
    "topology/predict.py": "says which daemon is meant",
    # What only this daemon does to a host, as facts with their evidence.
    "observe/host_programs/reload_safety.py": "its reload drops real-time limits",
    "preflight/checks.py": "documentation of checks",
    "preflight/host_programs/survey_host.py": "its unit, its SELinux boolean",
    "preflight/system.py": "its capabilities, its known faults",
    "tune/evaluate.py": "its share of the processor while others are measured",
    "tune/host_programs/exchange_probes.py": "its share of the processor",
    "report/tune_words.py": "its share of the processor",
}


def names_it(path: Path) -> list[str]:
    """Where a module's code, or a playbook's line, has the word."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return [f"{line}: {found}" for line, found in _in_code(ast.parse(text)) if WORD.search(found)]
    lines = enumerate(text.splitlines(), 1)
    return [f"{number}: {line.strip()}" for number, line in lines if WORD.search(line.partition("#")[0])]


def _in_code(tree: ast.Module) -> Iterator[tuple[int, str]]:
    loose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in loose:
                yield node.lineno, text
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.ImportFrom(module=module, names=names):
                yield node.lineno, " ".join([module or "", *(each.name for each in names)])


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted([*SOURCE.rglob("*.py"), *SOURCE.rglob("*.yml")]):
        yield path.relative_to(SOURCE).as_posix(), path


def room_of(module: str) -> str | None:
    return next((room for room in ROOMS if module.startswith(f"{room}/")), None)


def test_nobody_else_names_keepalived() -> None:
    found = {module: names_it(path) for module, path in modules() if room_of(module) is None and module not in MODULES}
    assert {module: lines for module, lines in found.items() if lines} == {}, (
        "ask twinkeel.vip.backend or twinkeel.render.vip_daemon"
    )


def test_the_list_is_as_short_as_it_can_be() -> None:
    naming = {module for module, path in modules() if names_it(path)}
    assert set(MODULES) <= naming
    assert set(ROOMS) == {room_of(module) for module in naming} - {None}


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", '"""Keepalived."""\nx = 1  # Keepalived\n', []),
        ("a.py", 'x = ["systemctl", "stop", "keepalived"]\n', ["1: keepalived"]),
        ("a.py", 'def f(keepalived: str) -> str:\n    return f"{keepalived} runs"\n', ["1: keepalived", "2: keepalived"]),
        ("a.py", "from twinkeel.render.keepalived import UNIT\n", ["1: twinkeel.render.keepalived UNIT"]),
        ("a.yml", "# Keepalived\nname: keepalived\n", ["2: name: keepalived"]),
    ],
)
def test_what_counts(tmp_path: Path, name: str, text: str, found: list[str]) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert sorted(names_it(path)) == found
