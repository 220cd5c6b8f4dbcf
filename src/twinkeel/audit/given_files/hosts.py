"""Which files belong to which host: folders, and the scripts that stand elsewhere on it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twinkeel.audit.given_files.files import STDIN, Input, Kind

# Folders that name a program or a part of it, not a host.
_NOT_A_HOST = frozenset(("haproxy", "keepalived", "conf.d", "config", "scripts", "etc"))
_TOP = frozenset(("etc", "usr", "opt", "var", "srv", "root", "bin", "sbin"))


@dataclass(slots=True)
class Group:
    """The files of one folder: of a host, or of several hosts."""

    root: Path
    name: str
    files: dict[Path, Input] = field(default_factory=dict)

    def of(self, kind: Kind) -> list[Input]:
        """Its files of a kind, in the order in which they were given."""
        return [each for each in self.files.values() if each.kind == kind]

    def add(self, given: Input) -> None:
        """One more; a file that was named stays so when a folder holds it too."""
        path = _whole(given.path)
        if not (path in self.files and self.files[path].named):
            self.files[path] = given


def grouped(given: Sequence[Input]) -> list[Group]:
    """The hosts' folders, in order. A script makes no host: it is its folder's, or everybody's when it lies in nobody's."""
    groups: dict[Path, Group] = {}
    files = [(_root(each), each) for each in given if each.kind != "script" and each.path != Path(STDIN)]
    roots = {root for root, _ in files}
    for inner, each in files:
        root = _within(inner, roots)
        groups.setdefault(root, Group(root, root.name or "host")).add(each)
    for each in given:
        if each.path == Path(STDIN):
            _add_standard_input(groups, each)
    for each in given:
        if each.kind == "script":
            for group in _owners(each, groups):
                group.add(each)
    return list(groups.values())


def on_host(group: Group, path: Path) -> str:
    """Where a file lies on its host, as far as that is known, else its bare name."""
    whole = _whole(path)
    inside = whole.relative_to(group.root) if whole.is_relative_to(group.root) else Path(path.name)
    return f"/{inside}" if inside.parts[0] in _TOP and len(inside.parts) > 1 else path.name


def _add_standard_input(groups: dict[Path, Group], each: Input) -> None:
    """The only host's other file, or a host by itself."""
    only = next(iter(groups.values())) if len(groups) == 1 else None
    if only is None or only.of(each.kind):
        only = groups.setdefault(Path(STDIN), Group(Path.cwd(), "stdin"))
    only.add(each)


def _owners(script: Input, groups: dict[Path, Group]) -> list[Group]:
    path = _whole(script.path)
    around = [group for root, group in groups.items() if path.is_relative_to(root)]
    return [max(around, key=lambda group: len(group.root.parts))] if around else list(groups.values())


def _within(root: Path, roots: set[Path]) -> Path:
    """The host that a folder of programs is part of, as lb-1/opt/keepalived is of lb-1; else the folder itself."""
    for outer in roots:
        inside = root.relative_to(outer).parts if root.is_relative_to(outer) else ()
        # Everything lies below the machine's own root, hosts' folders too.
        if inside and inside[0] in _TOP and outer != Path(outer.anchor):
            return outer
    return root


def _root(given: Input) -> Path:
    """The folder that stands for a host: the one above etc/, or the nearest one that does not name a program."""
    parts = _whole(given.path).parts
    for place in range(len(parts) - 1, 0, -1):
        # An etc/ above what was asked for holds the folder, and is not the host's: /etc/ansible/files/lb-1/haproxy.cfg.
        if parts[place - 1] == "etc" and (parts[place] in ("haproxy", "keepalived") or place - 1 >= _first(given)):
            return _above_usr(Path(*parts[: place - 1]))
    folder = Path(*parts).parent
    while folder.name in _NOT_A_HOST and folder.parent != folder:
        folder = folder.parent
    return folder


def _first(given: Input) -> int:
    """From which part of its path on a file's folders were asked for, as they were typed."""
    asked = given.folder or given.path
    typed = 0 if asked.is_absolute() else len(asked.parts)
    return len(_whole(asked).parts) - max(typed, 1 if given.folder else 0)


def _above_usr(folder: Path) -> Path:
    while folder.name in ("local", "usr"):
        folder = folder.parent
    return folder


def _whole(path: Path) -> Path:
    return Path(os.path.abspath(path))
