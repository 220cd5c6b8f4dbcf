"""The golden copies: what the golden tests hold equal to what is rendered."""

from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(path: str) -> dict[str, Path]:
    """Every golden copy of the file that is `path` on a host: spec/host -> copy."""
    found = sorted(GOLDEN.glob(f"*/hosts/*{path}"))
    return {"/".join(copy.relative_to(GOLDEN).parts[0:3:2]): copy for copy in found}
