"""Rich takes `:a:` of an IPv6 address for an emoji, with markup off as well: that is switched off everywhere.

See findings/rich-emoji-in-ipv6-addresses.sh.
"""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

import twinkeel
from twinkeel.cli.watch_view import _folded

ADDRESS = "fd00:a:b::1"
# What turns a text into what Rich prints.
READERS = {"Console", "from_markup"}


def calls(file: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in READERS:
                yield node


def test_nothing_reads_emoji() -> None:
    source = Path(twinkeel.__file__).parent
    found = [(file.relative_to(source), call) for file in sorted(source.rglob("*.py")) for call in calls(file)]
    reads = [f"{file}:{call.lineno}" for file, call in found if "emoji=False" not in [ast.unparse(each) for each in call.keywords]]
    assert found
    assert reads == []


def test_a_folded_line_keeps_its_address() -> None:
    console = Console(file=io.StringIO(), emoji=False)
    assert [row.plain for row in _folded(console, [f"[bold]{ADDRESS}[/bold] held by lb-1"], 80)] == [f"{ADDRESS} held by lb-1"]
