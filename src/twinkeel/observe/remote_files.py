"""Files of a host, whatever they are called and whatever is in them, without anything but a shell there. Reads only."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import join, normpath

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.liveconfig.words import LONGEST_FILE, decoded
from twinkeel.source import SourceFile
from twinkeel.topology.model import Machine

MOST_AT_ONCE = 20
MOST_MATCHES = 200

# A line for each path. Base64, so that what is no UTF-8 arrives as it is; programs (ELF) are told, not sent.
_READ = f"""
for path do
    if [ -d "$path" ]; then echo folder
    elif [ ! -e "$path" ]; then echo missing
    elif [ ! -f "$path" ]; then echo special
    elif [ ! -r "$path" ]; then echo unreadable
    else
        case $(head -c 4 "$path" | tr -d '\\0') in
            ?ELF*) echo program ;;
            *) echo "file $(head -c {LONGEST_FILE + 1} "$path" | base64 | tr -d '\\n')" ;;
        esac
    fi
done
"""
# The shell's own glob: sorted, without hidden files, and nothing else is expanded.
_MATCH = """
LC_ALL=C; IFS=
cd "$1" || exit 0
for path in $2; do if [ -f "$path" ]; then printf '%s\\n' "$path"; fi; done
"""
_WHY = {
    "missing": "the host has no such file",
    "folder": "it is a folder",
    "special": "it is no regular file",
    "unreadable": "it may not be read",
    "program": "it is a program, not a script",
}


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A path of a host: `source` (called HOST:PATH) is None where there is no text, and `why` says why.

    A file that was cut has both.
    """

    path: str
    source: SourceFile | None
    why: str = ""
    is_folder: bool = False
    is_program: bool = False


async def read_remote(reader: Reader, machine: Machine, paths: Sequence[str]) -> list[RemoteFile]:
    """Each path as it is on the host, in order. Raises HostError when the host cannot be asked, or answers nonsense."""
    found = []
    for start in range(0, len(paths), MOST_AT_ONCE):
        some = paths[start : start + MOST_AT_ONCE]
        done = (await reader.run(machine, ("sh", "-c", _READ, "sh", *some))).checked()
        lines = done.stdout.splitlines()
        if len(lines) != len(some):
            # Not shown: it may be what stands in a file.
            raise HostError(f"its answer makes no sense: {len(lines)} lines about {len(some)} files", where=machine.name)
        found += [_file(machine, path, line) for path, line in zip(some, lines, strict=True)]
    return found


async def match_remote(reader: Reader, machine: Machine, folder: str, pattern: str) -> list[str]:
    """The files that a pattern names, seen from a folder; absolute paths, sorted."""
    done = (await reader.run(machine, ("sh", "-c", _MATCH, "sh", folder, pattern))).checked()
    return [normpath(join(folder, name)) for name in done.stdout.splitlines()[:MOST_MATCHES]]


def _file(machine: Machine, path: str, line: str) -> RemoteFile:
    kind, _, encoded = line.partition(" ")
    if kind != "file":
        return RemoteFile(path, None, _WHY.get(kind, line), is_folder=kind == "folder", is_program=kind == "program")
    try:
        content = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return RemoteFile(path, None, "what arrived of it is not whole")
    if b"\0" in content:
        return RemoteFile(path, None, "not a text file: it contains NUL bytes")
    whole = len(content) <= LONGEST_FILE
    why = "" if whole else f"only its first {LONGEST_FILE} bytes were read"
    return RemoteFile(path, SourceFile(f"{machine.name}:{path}", decoded(content, whole=whole)), why)
