"""A spec without what is broken in it, so that everything else can still be checked.

A broken host is left out, a broken setting falls back to its default, and a broken part that nothing can do without is replaced by
a stand-in. Whatever a rule finds out from these is dropped (see `twinkeel.spec.validate`): it was not written by anyone.
"""

from collections.abc import Iterable
from typing import Any

from twinkeel.spec.document import Document, Key
from twinkeel.spec.model_path import steps

# Addresses for documentation (RFC 5737) and names that cannot exist (RFC 6761): they meet nothing that a spec has.
_STAND_INS: dict[Key, Any] = {
    ("name",): "stand-in",
    ("domain",): "stand-in.invalid",
    ("endpoint",): {"name": "stand-in.endpoint.invalid", "vip": "192.0.2.1/24"},
    ("endpoint", "name"): "stand-in.endpoint.invalid",
    ("load_balancers",): {"stand-in-load-balancer": "192.0.2.2"},
    ("control_plane",): {"stand-in-control-plane": "192.0.2.3"},
}


class Pruning:
    """The values of a document less what was cut out. Paths of the document and of what is left differ inside lists."""

    def __init__(self, document: Document) -> None:
        self._values = document.values
        self._removed: set[Key] = set()
        self._replaced: dict[Key, Any] = {}
        self._kept: dict[Key, list[int]] = {}
        self.damaged: set[Key] = set()
        for path in document.damaged:
            self.cut(path)

    def cut(self, path: Key) -> None:
        """Take out the smallest part around `path` that the rest can do without."""
        kinds = steps(path)
        for length in range(len(path), 0, -1):
            part = path[:length]
            if part in _STAND_INS:
                self._replaced[part] = _STAND_INS[part]
            elif kinds[length - 1].required or not self._holds(part[:-1]):
                continue
            else:
                self._removed.add(part)
            self.damaged.add(part)
            return

    def cut_unknown(self, path: Key) -> None:
        """Take out a key that the model does not know: nothing else is missing because of it."""
        self._removed.add(path)

    def values(self) -> dict[str, Any]:
        """What is left."""
        self._kept = {}
        left: dict[str, Any] = self._copy(self._values, ())
        return left

    def original(self, path: Key) -> Key:
        """A path of what is left, as a path of the document."""
        found: list[str | int] = []
        for part in path:
            kept = self._kept.get(tuple(found))
            found.append(kept[part] if kept is not None and isinstance(part, int) and part < len(kept) else part)
        return tuple(found)

    def _holds(self, path: Key) -> bool:
        """Whether a group or list stands at `path` (a short form is one value)."""
        value: Any = self._values
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return False
        return isinstance(value, dict | list)

    def _copy(self, value: Any, path: Key) -> Any:
        if isinstance(value, dict):
            left = {}
            for key, item in value.items():
                here = (*path, key)
                if here not in self._removed:
                    left[key] = self._replaced[here] if here in self._replaced else self._copy(item, here)
            for here, stand_in in self._replaced.items():
                if here[:-1] == path:
                    left.setdefault(here[-1], stand_in)
            return left
        if isinstance(value, list):
            kept = [place for place in range(len(value)) if (*path, place) not in self._removed]
            if len(kept) < len(value):
                self._kept[path] = kept
            return [self._copy(value[place], (*path, place)) for place in kept]
        return value


class Places:
    """A set of paths that is asked what lies at, in or around them."""

    def __init__(self, paths: Iterable[Key]) -> None:
        self._exact = frozenset(paths)
        self._around = {path[:length] for path in self._exact for length in range(1, len(path))}

    def hold(self, path: Key) -> bool:
        """Whether `path` is one of the places, or inside one."""
        return any(path[:length] in self._exact for length in range(1, len(path) + 1))

    def touch(self, path: Key) -> bool:
        """Whether one of the places is at `path`, around it, or inside it."""
        return path in self._around or self.hold(path)
