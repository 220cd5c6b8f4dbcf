"""What a shell gets when a word is completed, from the program as it is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TWINKEEL = str(Path(sys.executable).parent / "twinkeel")
SPEC = Path(__file__).parents[3] / "examples" / "lab-home.yaml"


def offered(line: str, folder: Path) -> list[str]:
    """For the last word of `line`, which may be empty."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_TWINKEEL_COMPLETE": "bash_complete"}
    argv = [TWINKEEL]
    ended = subprocess.run(argv, env={**os.environ, **asked}, capture_output=True, text=True, timeout=60, check=True, cwd=folder)
    assert ended.stderr == ""
    return [each.partition(",")[2] for each in ended.stdout.split()]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("twinkeel swi", ["switchover"]),
        (f"twinkeel switchover -f {SPEC} --to ", ["lb-1", "lb-2"]),
        (f"twinkeel switchover -f {SPEC} --vip 192", ["192.168.1.110"]),
        (f"twinkeel drain -f {SPEC} master-", ["master-1", "master-2", "master-3"]),
        (f"twinkeel kubespray remove-node -f {SPEC} worker-", ["worker-1", "worker-2"]),
        ("twinkeel drill run planned", ["planned-switchover"]),
        ("twinkeel explain S025", ["S025"]),
        ("twinkeel preflight --only P02", ["P020", "P021", "P022", "P023", "P024"]),
        ("twinkeel bench run see", ["seed"]),
    ],
)
def test_a_word_is_completed(line: str, words: list[str], tmp_path: Path) -> None:
    assert offered(line, tmp_path) == words


def test_the_spec_in_the_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "twinkeel.yaml").write_text(SPEC.read_text())
    assert offered("twinkeel drain master-2", tmp_path) == ["master-2"]


@pytest.mark.parametrize("text", ["", "a: [", "name: x\n"], ids=["empty", "no YAML", "half a spec"])
def test_a_spec_that_cannot_be_read_offers_nothing_and_says_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "twinkeel.yaml").write_text(text)
    assert offered("twinkeel drain m", tmp_path) == []
