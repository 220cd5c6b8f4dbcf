"""Texts that may be shown: every password replaced by a label."""

import re
from collections.abc import Iterable

# Where passwords stand in files of HAProxy, of the VIP daemon, and of their neighbours; the secret is the last group.
_PLACES = (
    re.compile(r"^(\s*auth_pass\s+)(\S+)"),
    re.compile(r"^(\s*key\s+\d+\s+)(\S+)"),
    re.compile(r"^(\s*neighbor\s+\S+\s+password\s+)(\S+)"),
    re.compile(r"^(\s*user\s+\S+\s+(?:insecure-)?password\s+)(\S+)"),
    re.compile(r"^(\s*stats\s+auth\s+[^\s:]+:)(\S+)"),
    re.compile(r"((?i:\b\w*(?:password|passwd|secret|token))\s*[=:]\s*[\"']?)([^\s\"']+)"),
)


class SecretMask:
    """Masks secrets by one label for each value: two sides of a diff with one value stay alike, others differ.

    Args:
        values: secrets that are known; they are masked wherever they stand.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._labels: dict[str, str] = {}
        self._known = sorted((value for value in values if value), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without its secrets."""
        return "".join(self._line(line) for line in text.splitlines(keepends=True))

    def _line(self, line: str) -> str:
        for place in _PLACES:
            line = place.sub(lambda found: found[1] + self._label(found[2]), line)
        for value in self._known:
            if value in line:
                line = line.replace(value, self._label(value))
        return line

    def _label(self, value: str) -> str:
        if value in self._labels.values():
            return value
        return self._labels.setdefault(value, f"<secret-{len(self._labels) + 1}>")
