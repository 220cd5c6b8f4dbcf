"""What a live load balancer loads: the files that its units name, those that they include, and the scripts. Reads only."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath

from twinkeel.hosts.executor import Reader
from twinkeel.liveconfig.keepalived_file import Statement
from twinkeel.liveconfig.keepalived_resolve import DEEPEST_INCLUDE, KeepalivedConfig, resolve_keepalived
from twinkeel.observe.remote_files import RemoteFile, match_remote, read_remote
from twinkeel.observe.unit_command import PROPERTIES, command, environment, environment_files, option_values, properties
from twinkeel.source import SourceFile
from twinkeel.topology.model import Machine

HAPROXY_DEFAULT = "/etc/haproxy/haproxy.cfg"
KEEPALIVED_DEFAULT = "/etc/keepalived/keepalived.conf"
MOST_SCRIPTS = 100
# Statements whose words are a program (keepalived.conf(5)).
_PROGRAMS = frozenset(
    (
        *("script", "notify", "notify_master", "notify_backup", "notify_fault", "notify_stop", "notify_deleted"),
        *("notify_master_rx_lower_pri", "notify_fifo_script", "vrrp_notify_fifo_script"),
    )
)
_VERSION = re.compile(r"(?:version|[Kk]eepalived v?) ?(\d+(?:\.\d+)+\S*)")


@dataclass(slots=True)
class LiveConfiguration:
    """What one host loads. Files are called HOST:PATH; `notes` are paths that could not be read as they should, and why.

    `node` is what the host calls itself, `config_id` what Keepalived compares `@NAME` with.
    `scripts` are those that keepalived.conf names, by their paths.
    `versions` has `haproxy` and `keepalived` where the programs are there.
    """

    machine: Machine
    node: str = ""
    config_id: str = ""
    haproxy: list[SourceFile] = field(default_factory=list)
    keepalived: KeepalivedConfig | None = None
    scripts: list[tuple[str, SourceFile]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def note(self, path: str, why: str) -> None:
        """Something about a path that must be told."""
        self.notes.append((f"{self.machine.name}:{path}", why))

    def take(self, found: RemoteFile) -> list[SourceFile]:
        """The file, if there is one; otherwise, or when it was cut, a note."""
        if found.why:
            self.note(found.path, found.why)
        return [found.source] if found.source else []


async def read_live(reader: Reader, machine: Machine) -> LiveConfiguration:
    """What the host loads. What cannot be read is in `notes`. Raises HostError when the host cannot be asked."""
    live = LiveConfiguration(machine)
    await _read_haproxy(reader, live)
    await _read_keepalived(reader, live)
    return live


async def _read_haproxy(reader: Reader, live: LiveConfiguration) -> None:
    argv = await _unit(reader, live, "haproxy")
    # After `--` every word is a file (haproxy(1)).
    options = argv[: argv.index("--")] if "--" in argv else argv
    named = [*option_values(options, "-f"), *argv[len(options) + 1 :]]
    folder = next(iter(option_values(options, "-C")), "/")
    paths = [normpath(join(folder, path)) for path in named] or _default(live, "haproxy", HAPROXY_DEFAULT, argv)
    for found in await read_remote(reader, live.machine, paths):
        below = await match_remote(reader, live.machine, found.path, "*.cfg") if found.is_folder else []
        if below:
            for each in await read_remote(reader, live.machine, below):
                live.haproxy += live.take(each)
        elif not found.is_folder:
            live.haproxy += live.take(found)


async def _read_keepalived(reader: Reader, live: LiveConfiguration) -> None:
    argv = await _unit(reader, live, "keepalived")
    live.node = (await reader.run(live.machine, ("uname", "-n"))).stdout.strip()
    live.config_id = (option_values(argv, "-i", "--config-id") or [live.node.partition(".")[0]])[-1]
    # Without -f it reads its default file; that is no news.
    path = (option_values(argv, "-f", "--use-file") or _default(live, "keepalived", KEEPALIVED_DEFAULT, argv, needs=False))[-1]
    (found,) = await read_remote(reader, live.machine, [path])
    for source in live.take(found):
        live.keepalived = await _resolved(reader, live, source)
        await _read_scripts(reader, live, live.keepalived)


async def _unit(reader: Reader, live: LiveConfiguration, program: str) -> list[str]:
    """The command line of the program's unit, none where it has none; and the program's version."""
    output = await reader.run(live.machine, ("sh", "-c", f"systemctl show {PROPERTIES} {program}.service"))
    unit = properties(output.stdout)
    files = environment_files(unit)
    texts = [each.source.text for each in await read_remote(reader, live.machine, files) if each.source] if files else []
    argv = command(unit, environment(unit, texts))
    binary = argv[0] if argv and argv[0].rpartition("/")[2] == program else program
    result = await reader.run(live.machine, ("sh", "-c", '"$1" -v 2>&1', "sh", binary))
    version = _VERSION.search(result.stdout)
    if version and result.exit_code == 0:
        live.versions[program] = version[1]
    return argv


def _default(live: LiveConfiguration, program: str, path: str, argv: Sequence[str], *, needs: bool = True) -> list[str]:
    if not argv:
        live.note(path, f"there is no {program}.service that says which files are loaded: this one was looked for")
    elif needs:
        live.note(path, f"{program}.service names no file (-f): this one was looked for")
    return [path]


async def _resolved(reader: Reader, live: LiveConfiguration, main: SourceFile) -> KeepalivedConfig:
    """With what it includes: read as it is asked for, and asked again until nothing new is."""
    read: dict[tuple[str, str], list[SourceFile]] = {}
    while True:
        wanted: dict[tuple[str, str], None] = {}

        def included(source: SourceFile, pattern: str, wanted: dict[tuple[str, str], None] = wanted) -> Sequence[SourceFile]:
            key = (dirname(source.name.partition(":/")[2]), pattern)
            if key not in read:
                wanted[key] = None
            return read.get(key, ())

        config = resolve_keepalived(main, live.config_id, included)
        if not wanted or len(read) > 4 * DEEPEST_INCLUDE:
            return config
        for folder, pattern in wanted:
            matches = await match_remote(reader, live.machine, f"/{folder}", pattern)
            found = await read_remote(reader, live.machine, matches)
            read[folder, pattern] = [source for each in found for source in live.take(each)]


async def _read_scripts(reader: Reader, live: LiveConfiguration, config: KeepalivedConfig) -> None:
    paths = list(dict.fromkeys(_programs(config.root)))
    if len(paths) > MOST_SCRIPTS:
        live.note(paths[MOST_SCRIPTS], f"keepalived.conf names more than {MOST_SCRIPTS} programs: the rest was left out")
    for found in await read_remote(reader, live.machine, paths[:MOST_SCRIPTS]):
        if not found.is_program:
            live.scripts += [(found.path, source) for source in live.take(found)]


def _programs(statement: Statement) -> Iterator[str]:
    """Every absolute path that stands where a program may: a script may be an interpreter's argument."""
    for each in statement.block:
        if each.words and each.keyword in _PROGRAMS:
            # The program itself, and what an interpreter is given that looks like a script.
            words = [part.strip("'\"") for word in each.words[1:] for part in word.text.split()]
            yield from (
                word
                for place, word in enumerate(words)
                if word.startswith("/") and (place == 0 or word.endswith((".sh", ".bash", ".py")))
            )
        yield from _programs(each)
