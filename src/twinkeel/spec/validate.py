"""Cross checks between fields."""

from collections.abc import Iterator

from twinkeel.diagnostic import Diagnostic
from twinkeel.spec.document import Document
from twinkeel.spec.model import ClusterSpec


def validate(spec: ClusterSpec, document: Document) -> Iterator[Diagnostic]:
    """Every finding."""
    yield from ()
