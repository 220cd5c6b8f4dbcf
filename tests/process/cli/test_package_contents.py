"""What the wheel and the source archive hold: everything that runs, and nothing that belongs to one machine."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from twinkeel.app import __file__ as inside

ROOT = Path(__file__).parents[3]
PACKAGE = Path(inside).parents[1]
# Programs, templates and roles that are read at run time; a wheel without one of them fails on a user's machine only.
DATA = {path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
UNWANTED = ("__pycache__", ".pyc", "/site/", "/.venv/", ".cache/", "/.ci/", ".egg-info/")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel that was built from the source archive, as pip does it, and that archive."""
    folder = tmp_path_factory.mktemp("dist")
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (archive,) = folder.glob("*.tar.gz")
    (folder / "source").mkdir()
    subprocess.run(["tar", "-xzf", str(archive), "-C", str(folder / "source")], check=True, timeout=60)
    (source,) = (folder / "source").iterdir()
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(argv, cwd=source, check=True, capture_output=True, timeout=120)
    return folder


def test_a_wheel_from_the_source_archive_has_every_file_of_the_package(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    package = {Path(name) for name in names if name.startswith("twinkeel/")}
    assert package == DATA
    others = {name.partition("/")[2] for name in names if not name.startswith("twinkeel/")}
    kept = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE", "data/share/man/man1/twinkeel.1"}
    assert others == kept


def test_the_source_archive_has_what_tests_and_pages_need(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = [name.partition("/")[2] for name in opened.getnames()]
    assert {name.partition("/")[0] for name in names if "/" in name} == {"src", "tests", "docs", "examples", "scripts", "findings"}
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml", "requirements.txt", "mkdocs.yml"} <= set(
        names
    )
    assert [name for name in names if any(part in f"/{name}" for part in UNWANTED)] == []
