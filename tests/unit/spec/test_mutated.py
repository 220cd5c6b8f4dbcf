"""A few hundred of the mutated specs; `tests/fuzz` has the rest, and the daemons' judgement."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "fuzz"))

from mutations import Mutant, mutants
from oracle import files, judge


@pytest.mark.parametrize("seed", [1, 2])
def test_mutated_specs_are_accepted_or_explained(seed: int, tmp_path: Path) -> None:
    accepted = sum(_is_accepted(mutant, tmp_path / "twinkeel.yaml") for mutant in mutants(seed, 100))
    assert accepted > 5


def _is_accepted(mutant: Mutant, path: Path) -> bool:
    path.write_bytes(mutant.data)
    try:
        loaded = judge(path)
        return loaded.spec is not None and files(loaded) is not None
    except Exception as error:
        raise AssertionError(f"{mutant.story}\n{mutant.data!r}") from error
