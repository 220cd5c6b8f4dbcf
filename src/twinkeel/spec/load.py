"""From a file to a spec: every problem of the text, the model and the rules, found in one go."""

from collections.abc import Callable
from typing import NamedTuple

from pydantic import ValidationError

from twinkeel.diagnostic import Diagnostic
from twinkeel.source import SourceFile, Span
from twinkeel.spec.document import Document, DocumentError, Key, parse
from twinkeel.spec.kubespray_releases import table_support
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.model_path import known_keys
from twinkeel.spec.prune import Places, Pruning
from twinkeel.spec.quoted_numbers import quoted_numbers
from twinkeel.spec.release_support import ReleaseSupport
from twinkeel.spec.rules import ABOUT_KUBESPRAY
from twinkeel.spec.validate import validate


class Loaded(NamedTuple):
    """A spec and what was found; `spec` is None when a finding is an error, `document` when the file is no YAML.

    `readable` is there also when every error is about what Kubespray would install: enough to look at a running system.
    """

    source: SourceFile
    spec: ClusterSpec | None
    diagnostics: tuple[Diagnostic, ...]
    document: Document | None = None
    readable: ClusterSpec | None = None


def load(source: SourceFile, find_support: Callable[[str], ReleaseSupport] = table_support) -> Loaded:
    """Read a spec and find everything that is wrong with it, in the order of the file.

    Args:
        find_support: what the Kubespray release of a tag supports. It is asked once, for the spec's tag.
    """
    try:
        document = parse(source)
    except DocumentError as error:
        return Loaded(source, None, error.diagnostics)
    left = _Rest(document)
    spec = left.spec()
    found = [*document.diagnostics, *left.diagnostics, *quoted_numbers(document)]
    if spec is not None:
        found += validate(spec, document, left.pruning, left.doubtful, find_support(spec.kubernetes.kubespray))
    errors = {item.code for item in found if item.severity == "error"}
    readable = spec if errors <= ABOUT_KUBESPRAY else None
    return Loaded(source, None if errors else spec, in_order(found), document, readable)


def in_order(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Findings in the order of the file."""
    return tuple(sorted(found, key=lambda item: (item.span or Span(1, 1), item.code)))


# Each round takes out what the one before brought to light, such as a group whose hosts are all broken. Three have been enough.
ROUNDS = 6

# Looking for the key that was meant takes long, and a file with more unknown keys is no spec with spelling mistakes.
MOST_GUESSES = 200


class _Rest:
    """The spec that is left when everything is cut out that the model refuses."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.pruning = Pruning(document)
        self.diagnostics: list[Diagnostic] = []
        # Places that may be other than what is written there says: nothing can be concluded from what they lack.
        self.doubtful: set[Key] = set(document.doubtful)
        self.unknown = 0

    def spec(self) -> ClusterSpec | None:
        """The spec; None when too much is broken to make sense of the rest."""
        for _ in range(ROUNDS):
            try:
                return ClusterSpec.model_validate(self.pruning.values())
            except ValidationError as error:
                self._cut(error)
        return None

    def _cut(self, error: ValidationError) -> None:
        # Few specs are refused, and the others are spared the words.
        from twinkeel.spec.model_errors import diagnostic, is_key

        known = Places(self.pruning.damaged | self.document.damaged)
        for details in error.errors(include_url=False):
            path = self.pruning.original(tuple(part for part in details["loc"] if part != "[key]"))
            if details["type"] == "extra_forbidden":
                self._cut_unknown(path)
                continue
            if not known.touch(path):
                self.diagnostics.append(diagnostic(details, path, self.document))
            self.pruning.cut(path[:2] if is_key(details) else path)

    def _cut_unknown(self, path: Key) -> None:
        """An unknown key probably is a known one, so what that one says is not known."""
        from twinkeel.spec.model_errors import closest, unknown_key

        self.pruning.cut_unknown(path)
        self.unknown += 1
        meant = closest(str(path[-1]), known_keys(path[:-1])) if self.unknown <= MOST_GUESSES else None
        self.diagnostics.append(unknown_key(path, meant, self.document))
        if meant is not None:
            self.doubtful.add((*path[:-1], meant))
