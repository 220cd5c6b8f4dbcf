"""Every key and value broken in turn: nothing is said about what is left out or put in its place."""

from pathlib import Path

import pytest

from twinkeel.source import SourceFile, Span
from twinkeel.spec.document import Document, Key, parse
from twinkeel.spec.load import load
from twinkeel.spec.model_path import steps

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "tests/fuzz/every-key.yaml").read_text()
DOCUMENT = parse(SourceFile("every-key.yaml", TEXT))
# Codes up to here are about the text and the model; those above are about what several parts mean together.
LAST_OF_THE_MODEL = "S019"


def replaced(span: Span, new: str) -> str:
    lines = TEXT.split("\n")
    line = lines[span.line - 1]
    lines[span.line - 1] = line[: span.column - 1] + new + line[span.column - 1 + span.length :]
    return "\n".join(lines)


def free_keys(document: Document) -> list[Key]:
    """Keys of models: a host's or a variable's name may be anything."""
    return [path for path in document.key_spans if steps(path)[-1].holder == "model" and len(str(path[-1])) > 3]


def blocks(path: Key) -> bool:
    return path[-1] == "sections"


@pytest.mark.parametrize("new", ["[[]]", '"\\0"', "{a: {b: c}}", "no"])
def test_a_broken_value_brings_no_finding_about_what_it_is_not(new: str) -> None:
    for path, span in DOCUMENT.value_spans.items():
        if not blocks(path):
            loaded = load(SourceFile("x.yaml", replaced(span, new)))
            assert [item for item in loaded.diagnostics if item.code > LAST_OF_THE_MODEL] == [], path


def test_a_misspelt_key_brings_no_finding_about_what_it_would_have_said() -> None:
    for path in free_keys(DOCUMENT):
        loaded = load(SourceFile("x.yaml", replaced(DOCUMENT.key_spans[path], f"{path[-1]}s")))
        assert {item.code for item in loaded.diagnostics} <= {"S010", "S011", *(["S009"] if path == ("power",) else [])}, path


def test_a_key_given_twice_brings_no_finding_about_either() -> None:
    for path in DOCUMENT.values:
        other = "[]" if path in ("name", "domain") else "{}"
        loaded = load(SourceFile("x.yaml", f"{TEXT}{path}: {other}\n"))
        assert [item.code for item in loaded.diagnostics] == ["S003"], path
