"""What the docs point at is there: tests by file and name, and our own modules."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TEST = re.compile(r"\b(tests/[\w/-]+\.py)(?:::(\w+))?")
MODULE = re.compile(r"`(?:src/twinkeel/)?((?:\w+/)+\w+\.py)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_test_that_is_named_is_there(page: Path) -> None:
    named = TEST.findall(page.read_text())
    assert [path for path, _ in named if not (ROOT / path).is_file()] == []
    missing = [name for path, name in named if name and not re.search(rf"def {name}", (ROOT / path).read_text())]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_module_that_is_named_is_there(page: Path) -> None:
    named = [path for path in MODULE.findall(page.read_text()) if not path.startswith(("tests/", "scripts/"))]
    assert [path for path in named if not (ROOT / "src/twinkeel" / path).is_file()] == []


def test_the_index_lists_every_page() -> None:
    docs = ROOT / "docs"
    linked = set(re.findall(r"\]\(([\w/.-]+\.md)", (docs / "index.md").read_text()))
    pages = {str(page.relative_to(docs)) for page in docs.glob("**/*.md")} - {"index.md"}
    assert {page for page in pages if not page.startswith("decisions/")} - linked == set()


def test_the_readme_stays_short() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 105
    assert [line for line in lines if len(line) > 145 and not line.startswith("|")] == []
