"""`.twinkeel-audit.yaml`: which rules an owner leaves out and why, the profile, and the least severity. Pure.

Findings about the file itself have codes of their own: A001 unknown key, A002 unknown rule, A003 no reason, A004 another value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, ClassVar, cast

from twinkeel.audit.profiles import PROFILES, Profile
from twinkeel.audit.registry import RULES
from twinkeel.audit.rule import SEVERITIES, Severity
from twinkeel.diagnostic import Diagnostic, quoted
from twinkeel.liveconfig.words import Place
from twinkeel.source import SourceFile
from twinkeel.spec.document import Document, DocumentError, Key, parse

NAME = ".twinkeel-audit.yaml"
KEYS = ("ignore", "profile", "severity")
IGNORE_KEYS = ("reason", "files")
EMPTY_FILE = "S005"


SETTINGS_CODES = {
    "A001": "a key is not known",
    "A002": "a rule is not known",
    "A003": "a rule is left out without a reason",
    "A004": "a value is not what its key takes",
}
"""What is said of the settings file itself."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A rule that is left out, everywhere or in the files that match one of the patterns."""

    kind: ClassVar[str] = "external"

    rule: str
    reason: str
    files: tuple[str, ...]
    place: Place

    def covers(self, rule: str, place: Place) -> bool:
        """Whether it means a finding of that rule there. A pattern is of a whole name, or of the end of a path."""
        name = place.source.name
        return rule == self.rule and (
            not self.files or any(fnmatchcase(name, each) or fnmatchcase(name, f"*/{each}") for each in self.files)
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """What the file says; None for what it does not."""

    ignored: tuple[Ignored, ...] = ()
    profile: Profile | None = None
    severity: Severity | None = None


def read_settings(source: SourceFile) -> tuple[Settings, tuple[Diagnostic, ...]]:
    """The settings, and everything that is wrong with them: each an error."""
    if not any(line.strip() and not line.strip().startswith("#") for line in source.lines):
        return Settings(), ()
    try:
        document = parse(source)
    except DocumentError as error:
        return Settings(), tuple(_of_settings(each) for each in error.diagnostics)
    reader = _Reader(document)
    settings = reader.settings()
    return settings, (*document.diagnostics, *reader.found)


def _of_settings(diagnostic: Diagnostic) -> Diagnostic:
    """Without what a spec would begin with."""
    if diagnostic.code != EMPTY_FILE:
        return diagnostic
    return Diagnostic(diagnostic.code, "error", diagnostic.message, diagnostic.span, f"the keys are {', '.join(KEYS)}")


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self.found: list[Diagnostic] = []

    def settings(self) -> Settings:
        values = self._document.values
        self._known_keys(values, KEYS, ())
        profile = self._one_of("profile", PROFILES)
        severity = self._one_of("severity", SEVERITIES)
        return Settings(tuple(self._ignored(values.get("ignore"))), cast(Profile | None, profile), cast(Severity | None, severity))

    def _known_keys(self, values: Mapping[str, Any], known: Sequence[str], path: Key) -> None:
        for key in values:
            if key not in known:
                self._add("A001", f"there is no key {quoted(key)} here", (*path, key), _near(key, known), key=True)

    def _one_of(self, key: str, known: Sequence[str]) -> str | None:
        value = self._document.values.get(key)
        if not self._document.has((key,)) or value in known:
            return value if isinstance(value, str) else None
        self._add("A004", f"{key} cannot be {quoted(value)}", (key,), _near(value, known))
        return None

    def _ignored(self, values: Any) -> Iterator[Ignored]:
        if values is None and not self._document.has(("ignore",)):
            return
        if not isinstance(values, dict):
            self._add("A004", "ignore holds rules, each with a reason", ("ignore",), "ignore: {common-vrid: the segment is ours}")
            return
        names = [rule.name for rule in RULES]
        for rule, value in values.items():
            path = ("ignore", rule)
            if rule not in names:
                self._add(
                    "A002", f"there is no rule {quoted(rule)}", path, _near(rule, names, "docs/audit.md lists them"), key=True
                )
                continue
            entry = value if isinstance(value, dict) else {"reason": value}
            self._known_keys(entry, IGNORE_KEYS, path)
            reason = entry.get("reason")
            if not isinstance(reason, str) or not reason.strip():
                self._add("A003", f"{rule} is left out without a reason", path, f"{rule}: why that is right here", key=True)
                continue
            place = Place(self._document.source, self._document.key_span(path))
            yield Ignored(rule, reason.strip(), self._files(entry.get("files"), (*path, "files")), place)

    def _files(self, value: Any, path: Key) -> tuple[str, ...]:
        if value is None and not self._document.has(path):
            return ()
        files = value if isinstance(value, list) else [value]
        if not files or not all(isinstance(each, str) and each for each in files):
            self._add("A004", "files is a pattern of file names, or a list of them", path, 'files: ["lb-1/*", "haproxy.cfg"]')
        return tuple(each for each in files if isinstance(each, str))

    def _add(self, code: str, message: str, path: Key, hint: str, *, key: bool = False) -> None:
        span = self._document.key_span(path) if key else self._document.value_span(path)
        self.found.append(Diagnostic(code, "error", message, span, hint))


def _near(given: object, known: Sequence[str], otherwise: str = "") -> str:
    close = get_close_matches(str(given)[:64], known, n=1)
    return f"did you mean {close[0]}?" if close else otherwise or f"choose one of {', '.join(known)}"
