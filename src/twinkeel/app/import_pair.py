"""Use case: a spec from the files of a pair that somebody set up."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from twinkeel.adopt.adopt import Adopted, adopt
from twinkeel.adopt.difference import Differences, differences
from twinkeel.adopt.notes import Given
from twinkeel.adopt.own_marks import TRACES
from twinkeel.adopt.pair_files import Files
from twinkeel.app.check import Checked, check_source
from twinkeel.app.import_live import read_live_pair, with_addresses
from twinkeel.audit.given_files.pair import read_pair
from twinkeel.audit.pair import Host, Pair
from twinkeel.errors import UsageError
from twinkeel.source import SourceFile
from twinkeel.spec.new_files import NewFile, refuse_existing, write_new
from twinkeel.spec.secrets import Secrets, load_secrets
from twinkeel.vip.daemons import VRRP_DAEMON

DEFAULT_FILE = Path("twinkeel.yaml")
SECRETS_FILE = "secrets.yaml"
_TAILS = ("/etc/haproxy/haproxy.cfg", VRRP_DAEMON.config_path)


@dataclass(frozen=True, slots=True)
class Imported:
    """The import, what `check` says of its spec, the comparison where it was asked for, and the files that were written.

    `notes` are files that were left out or cut, each with the reason.
    """

    adopted: Adopted
    checked: Checked
    differences: Differences | None
    written: tuple[Path, ...]
    notes: tuple[tuple[str, str], ...]


def import_paths(paths: Sequence[str], given: Given, output: Path | None, *, diff: bool) -> Imported:
    """Import what lies at the paths, and write the spec and the secrets that were found where `output` says.

    Raises UsageError when there is nothing to import, when something is missing that no option says, or when a file to write is
    there already; OSError for what cannot be read.
    """
    given = _with_secrets(given, output)
    pair = _pair(paths)
    return import_pair(pair, files_of(pair), given, output, diff=diff)


async def import_hosts(names: Sequence[str], given: Given, output: Path | None, *, diff: bool) -> Imported:
    """Import live hosts, read over SSH. Raises as `import_paths`, and HostError when a host cannot be asked."""
    given = _with_secrets(given, output)
    live = await read_live_pair(names)
    return import_pair(live.pair, live.files, with_addresses(given, live), output, diff=diff)


def _with_secrets(given: Given, output: Path | None) -> Given:
    """With those that lie beside the file that is to be written; without one, those of the environment alone."""
    if output is None:
        return replace(given, secrets=load_secrets(None, os.environ))
    refuse_existing([output], "name another file with -o, or move it away")
    return replace(given, secrets=load_secrets(output.parent / SECRETS_FILE, os.environ))


def import_pair(pair: Pair, files: Files, given: Given, output: Path | None, *, diff: bool) -> Imported:
    """The same of a pair that somebody has read already, from live hosts for instance (`twinkeel.adopt.pair_files.pair_of`)."""
    adopted = adopt(pair, files, given)
    compared = differences(pair, adopted) if diff else None
    checked = check_source(SourceFile(str(output or DEFAULT_FILE), adopted.text), output or DEFAULT_FILE)
    written = _write(adopted, given.secrets, output) if output is not None else ()
    return Imported(adopted, checked, compared, written, pair.notes)


def _pair(paths: Sequence[str]) -> Pair:
    try:
        return read_pair(paths)
    except UsageError as error:
        # The same files are looked for as by the audit, and its words would be about another command.
        raise UsageError(error.what.replace("to audit", "to import"), where=error.where, hint=error.hint) from None


def files_of(pair: Pair) -> Files:
    """Of each host's folder, the other files of ours that a spec's keys can be read from; empty for other people's hosts."""
    return {host.name: dict(_traces(host)) for host in pair.hosts}


def _traces(host: Host) -> list[tuple[str, str]]:
    root = _root(host)
    if root is None:
        return []
    found = ((path, Path(root + path)) for path in TRACES)
    return [(path, file.read_text(encoding="utf-8", errors="replace")) for path, file in found if file.is_file()]


def _root(host: Host) -> str | None:
    """The folder that stands for the host's /, where the daemons' files lie below it as on the host."""
    names = [str(Path(source.name).absolute()) for source in host.configurations]
    return next((name.removesuffix(tail) for name in names for tail in _TAILS if name.endswith(tail)), None)


def _write(adopted: Adopted, known: Secrets, output: Path) -> tuple[Path, ...]:
    """The spec, and the secrets beside it unless they are kept there already."""
    files = [NewFile(output, adopted.text)]
    found = _new_secrets(adopted, known)
    path = output.parent / SECRETS_FILE
    if found:
        refuse_existing(
            [path], f"it has other secrets than the pair: add {', '.join(found)} there by hand, or write to another folder"
        )
        files.append(NewFile(path, _secrets_text(found), 0o600))
    write_new(files)
    return tuple(file.path for file in files)


def _new_secrets(adopted: Adopted, known: Secrets) -> Mapping[str, str]:
    """The secrets that were found and are not kept yet."""
    pairs = ((each.key, getattr(adopted.secrets, each.key), getattr(known, each.key)) for each in adopted.needed)
    return {key: value for key, value, kept in pairs if value is not None and value != kept}


def _secrets_text(found: Mapping[str, str]) -> str:
    head = "# Written by `twinkeel import`: what the pair uses now. Private: mode 0600, and not into Git.\n"
    return head + "".join(f'{key}: "{value}"\n' for key, value in found.items())
