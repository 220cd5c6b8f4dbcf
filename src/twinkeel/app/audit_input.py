"""Which files below the given paths make up which host of a pair."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from twinkeel.audit.pair import Host, Pair, Script
from twinkeel.errors import UsageError
from twinkeel.liveconfig.haproxy_file import PROXIES, parse_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, build_haproxy
from twinkeel.liveconfig.keepalived_model import VrrpConfig
from twinkeel.liveconfig.keepalived_resolve import resolve_keepalived
from twinkeel.liveconfig.words import LONGEST_FILE
from twinkeel.source import SourceFile

Kind = Literal["haproxy", "keepalived", "script"]
MOST_FILES = 5_000
MOST_INCLUDED = 200
STDIN = "-"
# Folders that name a program or a part of it, not a host.
_NOT_A_HOST = frozenset(("haproxy", "keepalived", "conf.d", "config", "scripts", "etc"))
_KEEPALIVED = re.compile(
    r"^\s*(?:@\S+\s+)?(?:vrrp_\w+|global_defs|virtual_server|static_\w+|bfd_instance|track_file)\b", re.MULTILINE
)
_HAPROXY = re.compile(r"^[ \t]*(?:global|defaults|frontend|backend|listen)\b[^{\n]*$", re.MULTILINE)
_SUFFIXES = frozenset((".cfg", ".conf", ".sh", ".bash", ".py", ""))


@dataclass(slots=True)
class _Group:
    """The files of one folder of a host, or of several hosts."""

    root: Path
    files: dict[Path, tuple[Kind, SourceFile]] = field(default_factory=dict)

    def of(self, kind: Kind) -> list[tuple[Path, SourceFile]]:
        return [(path, source) for path, (found, source) in self.files.items() if found == kind]


def read_pair(paths: Sequence[str]) -> Pair:
    """The hosts that the paths hold. Raises UsageError when there is nothing to audit, OSError for what cannot be read."""
    groups: dict[Path, _Group] = {}
    for text in paths:
        for path, kind, source in _standard_input() if text == STDIN else _found(Path(text)):
            root = _root(path)
            groups.setdefault(root, _Group(root)).files[path] = (kind, source)
    hosts = [host for group in groups.values() for host in _hosts(group)]
    if not any(host.haproxy or host.keepalived for host in hosts):
        raise UsageError(
            "nothing to audit: no haproxy.cfg and no keepalived.conf is here",
            where=", ".join(paths),
            hint="name the files, or a folder that holds them; `-` reads one from standard input",
        )
    return Pair(tuple(hosts))


def _standard_input() -> Iterator[tuple[Path, Kind, SourceFile]]:
    text = sys.stdin.read(LONGEST_FILE + 1)
    kind = _kind(Path(), text)
    if kind in (None, "script"):
        raise UsageError("standard input is neither a haproxy.cfg nor a keepalived.conf")
    yield Path("stdin"), kind or "haproxy", SourceFile("<stdin>", text)


def _found(path: Path) -> Iterator[tuple[Path, Kind, SourceFile]]:
    if path.is_dir():
        for each in _files_below(path):
            source = _read(each)
            kind = _kind(each, source.text) if source else None
            if source and kind:
                yield each, kind, source
        return
    if not path.exists():
        raise UsageError("there is no such file or folder", where=str(path))
    source = SourceFile(str(path), _decoded(path.read_bytes()))
    kind = _kind(path, source.text) or _kind_by_name(path)
    if kind is None:
        raise UsageError("this is neither a haproxy.cfg nor a keepalived.conf nor a script", where=str(path))
    yield path, kind, source


def _files_below(folder: Path) -> Iterator[Path]:
    """In order, without hidden ones; a folder with more than MOST_FILES is no folder of configurations."""
    left = MOST_FILES
    for path in sorted(folder.rglob("*")):
        left -= 1
        if left < 0:
            raise UsageError(
                f"more than {MOST_FILES} files are below this folder", where=str(folder), hint="name the files themselves"
            )
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.suffix in _SUFFIXES and path.is_file():
            yield path


def _read(path: Path) -> SourceFile | None:
    """A file of a folder; None for one that is no text of a likely size."""
    if path.stat().st_size > LONGEST_FILE:
        return None
    content = path.read_bytes()
    return None if b"\0" in content else SourceFile(str(path), _decoded(content))


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _kind(path: Path, text: str) -> Kind | None:
    if text.startswith("#!") or path.suffix in (".sh", ".bash", ".py"):
        return "script"
    if _KEEPALIVED.search(text):
        return "keepalived"
    return "haproxy" if _HAPROXY.search(text) else None


def _kind_by_name(path: Path) -> Kind | None:
    name = path.name.lower()
    return "haproxy" if "haproxy" in name or path.suffix == ".cfg" else "keepalived" if "keepalived" in name else None


def _root(path: Path) -> Path:
    """The folder that stands for a host: the one above etc/, or the nearest one that does not name a program."""
    whole = path.absolute()
    parts = whole.parts
    for place in range(len(parts) - 1, 0, -1):
        if parts[place] in ("haproxy", "keepalived") and parts[place - 1] == "etc":
            return Path(*parts[: place - 1])
    folder = whole.parent
    while folder.name in _NOT_A_HOST and folder.parent != folder:
        folder = folder.parent
    return folder


def _hosts(group: _Group) -> list[Host]:
    scripts = tuple(Script(_on_host(group.root, path), source) for path, source in group.of("script"))
    haproxies = _haproxies([source for _, source in group.of("haproxy")])
    read = _Includes(group.root)
    mains = _main_keepalived(group, read)
    count = max(len(haproxies), len(mains), 1)
    hosts = []
    for place in range(count):
        haproxy = haproxies[min(place, len(haproxies) - 1)] if haproxies else None
        path, source = mains[min(place, len(mains) - 1)] if mains else (None, None)
        name = group.root.name if count == 1 else (path.stem if path and len(mains) > 1 else f"{group.root.name}-{place + 1}")
        keepalived = VrrpConfig(resolve_keepalived(source, name, read)) if source else None
        hosts.append(Host(name or "host", haproxy, keepalived, scripts))
    return hosts


def _on_host(root: Path, path: Path) -> str:
    inside = path.absolute().relative_to(root)
    return f"/{inside}" if inside.parts[0] in ("etc", "usr", "opt", "var") else path.name


def _haproxies(sources: list[SourceFile]) -> list[HaproxyConfig]:
    """One configuration of all files, as with several -f; but files that have the same proxies are those of several hosts."""
    if len(sources) < 2:
        return [build_haproxy(parse_haproxy(sources))] if sources else []
    sets: list[list[SourceFile]] = []
    names: list[set[tuple[str, str]]] = []
    for source in sources:
        own = {(section.kind, section.name) for section in parse_haproxy([source]).sections if section.kind in PROXIES}
        place = next((place for place, taken in enumerate(names) if not own & taken), None)
        if place is None:
            sets.append([source])
            names.append(own)
        else:
            sets[place].append(source)
            names[place] |= own
    return [build_haproxy(parse_haproxy(each)) for each in sets]


def _main_keepalived(group: _Group, read: "_Includes") -> list[tuple[Path, SourceFile]]:
    """The files that no other one includes."""
    files = group.of("keepalived")
    if len(files) < 2:
        return files
    included: set[str] = set()
    for _, source in files:
        if source.name not in included:
            included |= {other.name for other in resolve_keepalived(source, "", read).sources[1:]}
    return [(path, source) for path, source in files if source.name not in included] or files[:1]


class _Includes:
    """Reads what `include` names, below the host's folder alone: an audited file must not make us read this machine's own."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[tuple[Path, str], Sequence[SourceFile]] = {}

    def __call__(self, source: SourceFile, pattern: str) -> Sequence[SourceFile]:
        folder = Path(source.name).absolute().parent
        if (folder, pattern) not in self._read:
            self._read[folder, pattern] = self._find(folder, pattern)
        return self._read[folder, pattern]

    def _find(self, folder: Path, pattern: str) -> Sequence[SourceFile]:
        places = [(folder, pattern)]
        if pattern.startswith("/"):
            # As it lies on the host, or beside the file that names it.
            places = [(self._root, pattern.lstrip("/")), (folder, Path(pattern).name)]
        for base, name in places:
            found = self._matching(base, name)
            if found:
                return found
        return ()

    def _matching(self, base: Path, pattern: str) -> list[SourceFile]:
        try:
            paths = sorted(base.glob(pattern))[:MOST_INCLUDED] if pattern else []
        except (ValueError, NotImplementedError, OSError):
            return []
        inside = (path for path in paths if path.is_file() and path.resolve().is_relative_to(self._root.resolve()))
        sources = (_read(path) for path in inside)
        return [SourceFile(_shown(source.name), source.text) for source in sources if source]


def _shown(name: str) -> str:
    """A path as the user would write it."""
    path = Path(name)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else name
