"""Segments for all tests of a module."""

from collections.abc import Iterator

import pytest
from second_chance.segment import require_programs

from audit_faults.pair import Segment, segment


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Segment]:
    require_programs()
    with segment(tmp_path_factory.mktemp("audit-faults")) as made:
        yield made


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory, hosts: Segment) -> Iterator[tuple[Segment, Segment]]:
    """One for the fault, one for the fix."""
    with segment(tmp_path_factory.mktemp("audit-faults-mended")) as made:
        yield hosts, made
