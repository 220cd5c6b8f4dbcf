"""Eleven thousand mutated specs and some large ones: none ends in a traceback, and daemons take what accepted ones render to.

TWINKEEL_FUZZ_SEED gives other files; one that fails is kept in TWINKEEL_FUZZ_FOLDER (/tmp) and named.
"""

import os
from pathlib import Path

import pytest
from mutations import Mutant, corpus, large_mutants, mutants
from oracle import files, judge

from twinkeel.render.files import RenderedFiles
from twinkeel.render.validate import validate_file

SHARDS = 20
IN_A_SHARD = 550
LARGE_ONES = 60
# One in so many accepted specs goes to the daemons; a checker takes about 10 ms.
SAMPLED = 12
SEED = int(os.environ.get("TWINKEEL_FUZZ_SEED", "1"))


def test_the_corpus_is_good(tmp_path: Path) -> None:
    for name, text in corpus().items():
        assert judge(written(tmp_path, text.encode())).spec is not None, name


@pytest.mark.parametrize("shard", range(SHARDS))
def test_mutated_specs_are_accepted_or_explained(shard: int, tmp_path: Path) -> None:
    accepted = 0
    for mutant in mutants(SEED * 1000 + shard, IN_A_SHARD):
        rendered = outcome(mutant, tmp_path)
        if rendered is None:
            continue
        accepted += 1
        if accepted % SAMPLED == 0:
            the_daemons_accept(rendered, mutant, tmp_path)
    assert accepted > IN_A_SHARD // 50, "mutations that leave no spec whole test nothing behind the parser"


def test_large_specs_are_accepted_or_explained_in_time(tmp_path: Path) -> None:
    for mutant in large_mutants(SEED, LARGE_ONES):
        outcome(mutant, tmp_path)


def outcome(mutant: Mutant, folder: Path) -> RenderedFiles | None:
    path = written(folder, mutant.data)
    try:
        loaded = judge(path)
        return files(loaded) if loaded.spec is not None else None
    except Exception as error:
        kept = Path(os.environ.get("TWINKEEL_FUZZ_FOLDER", "/tmp")) / f"twinkeel-fuzz-{abs(hash(mutant.story))}.yaml"
        kept.write_bytes(mutant.data)
        raise AssertionError(f"{mutant.story}\nkept as {kept}") from error


def the_daemons_accept(rendered: RenderedFiles, mutant: Mutant, folder: Path) -> None:
    if b"extra" in mutant.data:
        # Raw lines of the user's own: `twinkeel check` has them judged one by one.
        return
    for file in next(iter(rendered.hosts.values())):
        assert validate_file(file.path, file.content) == (), f"{mutant.story}\n{file.content}"


def written(folder: Path, data: bytes) -> Path:
    path = folder / "twinkeel.yaml"
    path.write_bytes(data)
    return path
