"""The files that an audit's arguments name: which of them are configurations or scripts, and what had to be left out."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twinkeel.errors import UsageError
from twinkeel.liveconfig.haproxy_file import parse_haproxy
from twinkeel.liveconfig.words import BYTE_ORDER_MARK, LONGEST_FILE, decoded
from twinkeel.source import SourceFile

Kind = Literal["haproxy", "keepalived", "script", "inventory"]
Notes = list[tuple[str, str]]
"""A file's name, and why it was left out, or what of it was."""

MOST_FILES = 5_000
STDIN = "-"
MAIN: dict[str, Kind] = {"haproxy.cfg": "haproxy", "keepalived.conf": "keepalived"}
"""Files whose name is a promise: one that cannot be read, or says nothing, is not passed over."""

DAEMONS: tuple[Kind, ...] = ("haproxy", "keepalived")

_KEEPALIVED = re.compile(
    r"^\s*(?:@\S+\s+)?(?:vrrp_\w+|global_defs|virtual_server|static_\w+|bfd_instance|track_file)\b", re.MULTILINE
)
# A whole line: nginx has `listen 80;`, fail2ban `backend = auto`, Varnish `backend name {`.
_HAPROXY = re.compile(
    r"^[ \t]*(?:global|defaults(?:[ \t]+[^\s={};]+)?|(?:frontend|backend|listen)[ \t]+[^\s={};]+)"
    r"(?:[ \t]+from[ \t]+\S+)?[ \t]*(?:#.*)?\r?$",
    re.MULTILINE,
)
# Jinja, Go and ERB, outside comments. JSON in a log format has `}}` and `{"a":{`, not this.
_PLACEHOLDER = re.compile(r"^(?![ \t]*!)[^#\n]*?(?:\{\{-?[ \t]*[.$\w]|\{%-?[ \t]*\w+|<%[=-]?[ \t]*[\w@])", re.MULTILINE)
# Kubespray's groups; in YAML they are keys, beside which hosts are named.
_INVENTORY = re.compile(r"^\[(?:kube[_-]control[_-]plane|kube[_-]master|kube[_-]node|k8s[_-]cluster|etcd)(?::\w+)?\]", re.MULTILINE)
_YAML_GROUP = re.compile(r"^\s+[\"']?(?:kube[_-]control[_-]plane|kube[_-]master|kube[_-]node)[\"']?:", re.MULTILINE)
_YAML_HOSTS = re.compile(r"\bhosts[\"']?:")
_INVENTORIES = frozenset((".ini", ".yml", ".yaml", ""))
_VARIABLES = frozenset(("group_vars", "host_vars"))
_STATES_SOMETHING = re.compile(r"^[ \t]*[^\s#!]", re.MULTILINE)
_SUFFIXES = frozenset((".cfg", ".conf", ".sh", ".bash", ".py", "")) | _INVENTORIES


@dataclass(frozen=True, slots=True)
class Input:
    """One file; `named` says that the user named it, and not a folder that holds it, which is `folder`."""

    path: Path
    kind: Kind
    source: SourceFile
    named: bool
    folder: Path | None = None


def inputs(argument: str, notes: Notes) -> list[Input]:
    """The files of one argument, never none. Raises UsageError when it has nothing to audit, OSError for what cannot be read."""
    if argument == STDIN:
        return [_standard_input()]
    path = Path(argument)
    if not path.is_dir():
        return [_named(path, notes)]
    found = list(_in_folder(path, notes))
    if not found:
        raise UsageError(
            "nothing to audit: no haproxy.cfg, no keepalived.conf and no inventory of Kubespray is here",
            where=argument,
            hint="name the files, or a folder that holds them; `-` reads one from standard input",
        )
    return found


def read(path: Path, notes: Notes) -> SourceFile | None:
    """A file's first LONGEST_FILE bytes, with a note when there are more; None for one that is no text."""
    try:
        with open(path, "rb") as file:
            content = file.read(LONGEST_FILE + 1)
    except OSError as error:
        # What the kernel refuses while it is read (files of /proc and /sys) has no name of its own.
        raise OSError(error.errno, error.strerror, str(path)) from error
    if b"\0" in content:
        return None
    if len(content) > LONGEST_FILE:
        notes.append((str(path), f"only its first {LONGEST_FILE} bytes were read"))
    return SourceFile(str(path), decoded(content, whole=len(content) <= LONGEST_FILE))


def _standard_input() -> Input:
    if sys.stdin is None:
        raise UsageError("there is no standard input to read", hint="name the files, or a folder that holds them")
    text = sys.stdin.read(LONGEST_FILE + 1)
    kind = _kind(Path(), text)
    if kind in (None, "script", "inventory"):
        raise UsageError("standard input is neither a haproxy.cfg nor a keepalived.conf")
    source = SourceFile("<stdin>", text)
    _refuse_template(source.name, source)
    return Input(Path(STDIN), kind or "haproxy", source, named=True)


def _named(path: Path, notes: Notes) -> Input:
    if not path.exists() and not path.is_symlink():
        raise UsageError("there is no such file or folder", where=str(path))
    source = _text(path, notes)
    kind = _kind(path, source.text) or _kind_by_name(path)
    if kind is None:
        raise UsageError("this is neither a haproxy.cfg nor a keepalived.conf, nor a script or inventory", where=str(path))
    return Input(path, _with_content(path, kind, source), source, named=True)


def _in_folder(folder: Path, notes: Notes) -> Iterator[Input]:
    for path in _files_below(folder):
        main = MAIN.get(path.name)
        source = _text(path, notes) if main else _candidate(path, notes)
        kind = _kind(path, source.text) if source else None
        if source and main:
            kind = _with_content(path, kind or main, source)
        elif source and kind in DAEMONS and (line := template_line(source)):
            notes.append((str(path), f"left out: it is a template (line {line})"))
            continue
        if source and kind:
            yield Input(path, kind, source, named=False, folder=folder)


def _refuse_template(name: str, source: SourceFile) -> None:
    line = template_line(source)
    if line:
        raise UsageError(
            "this is a template, not a configuration",
            where=f"{name}:{line}",
            hint="audit the file that is made from it: `ansible-playbook --check --diff` shows it, or fetch it from the host",
        )


def template_line(source: SourceFile) -> int | None:
    """The line of the first placeholder of Jinja, Go or ERB; None for a file that the daemons could read as it stands."""
    found = _PLACEHOLDER.search(source.text)
    return source.text.count("\n", 0, found.start()) + 1 if found else None


def _text(path: Path, notes: Notes) -> SourceFile:
    source = read(path, notes)
    if source is None:
        raise UsageError("not a text file: it contains NUL bytes", where=str(path), hint="save it as UTF-8, not as UTF-16")
    return source


def _candidate(path: Path, notes: Notes) -> SourceFile | None:
    """A file that may be one of ours. Without a suffix it may at best be a script: a host's secrets need not be readable."""
    own: Notes = []
    try:
        source = read(path, own)
    except PermissionError:
        if path.suffix:
            raise
        return None
    if source and _kind(path, source.text):
        notes += own
    return source


def _with_content(path: Path, kind: Kind, source: SourceFile) -> Kind:
    """The kind, when the file says anything of it. Without that, `no problems` would be said of a host that is not there."""
    if kind in DAEMONS:
        _refuse_template(str(path), source)
    empty = kind in DAEMONS and not _STATES_SOMETHING.search(source.text.removeprefix(BYTE_ORDER_MARK))
    if empty or (kind == "haproxy" and not parse_haproxy([source]).sections):
        what = "it is empty" if empty else "no section of HAProxy is in it"
        raise UsageError(f"nothing to audit in this file: {what}", where=str(path))
    return kind


def _files_below(folder: Path) -> Iterator[Path]:
    """In order, without hidden ones; a folder with more than MOST_FILES is no folder of configurations.

    A folder that cannot be read is an error: what lies in it would be missed without a word.
    """
    left = MOST_FILES
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if path is folder or (path.is_dir() and not path.is_symlink()):
            below = sorted(name for name in os.listdir(path) if not name.startswith("."))
            left -= len(below)
            waiting += [path / name for name in reversed(below)]
        elif (path.name in MAIN and path.is_symlink()) or (path.suffix in _SUFFIXES and path.is_file()):
            yield path
        if left < 0:
            raise UsageError(
                f"more than {MOST_FILES} files are below this folder", where=str(folder), hint="name the files themselves"
            )


def _kind(path: Path, text: str) -> Kind | None:
    text = text.removeprefix(BYTE_ORDER_MARK)
    if text.startswith("#!") or path.suffix in (".sh", ".bash", ".py"):
        return "script"
    if path.suffix in _INVENTORIES and _is_inventory(path, text):
        return "inventory"
    if _KEEPALIVED.search(text):
        return "keepalived"
    return "haproxy" if _HAPROXY.search(text) else None


def _is_inventory(path: Path, text: str) -> bool:
    """Whether it names Kubespray's hosts; files of variables are read with the inventory that they lie beside."""
    if _VARIABLES & set(path.parent.parts[-3:]):
        return False
    return bool(_INVENTORY.search(text)) or bool(_YAML_GROUP.search(text) and _YAML_HOSTS.search(text))


def _kind_by_name(path: Path) -> Kind | None:
    name = path.name.lower()
    return "haproxy" if "haproxy" in name or path.suffix == ".cfg" else "keepalived" if "keepalived" in name else None
