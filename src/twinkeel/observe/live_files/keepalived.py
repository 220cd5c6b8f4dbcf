"""Keepalived's files on a live host: with what they include, and the scripts that they name."""

from collections.abc import Iterator, Sequence
from posixpath import dirname

from twinkeel.hosts.executor import Reader
from twinkeel.liveconfig.keepalived.file import Statement
from twinkeel.liveconfig.keepalived.resolve import DEEPEST_INCLUDE, KeepalivedConfig, resolve_keepalived
from twinkeel.observe.live_files.configuration import LiveConfiguration
from twinkeel.observe.live_files.unit import command_line, default_file
from twinkeel.observe.remote_files import match_remote, read_remote
from twinkeel.observe.unit_command import option_values
from twinkeel.source import SourceFile
from twinkeel.vip.daemons import VRRP_DAEMON

MOST_SCRIPTS = 100
# Statements whose words are a program (keepalived.conf(5)).
_PROGRAMS = frozenset(
    (
        *("script", "notify", "notify_master", "notify_backup", "notify_fault", "notify_stop", "notify_deleted"),
        *("notify_master_rx_lower_pri", "notify_fifo_script", "vrrp_notify_fifo_script"),
    )
)


async def read_keepalived(reader: Reader, live: LiveConfiguration) -> None:
    """The file that its command line names, or its default."""
    argv = await command_line(reader, live, VRRP_DAEMON.unit)
    live.node = (await reader.run(live.machine, ("uname", "-n"))).stdout.strip()
    live.config_id = (option_values(argv, "-i", "--config-id") or [live.node.partition(".")[0]])[-1]
    # Without -f it reads its default file; that is no news.
    named = option_values(argv, "-f", "--use-file")
    paths = named or default_file(live, VRRP_DAEMON.unit, VRRP_DAEMON.config_path, argv, needs=False)
    (found,) = await read_remote(reader, live.machine, paths[-1:])
    for source in live.take(found):
        live.keepalived = await _resolved(reader, live, source)
        await _read_scripts(reader, live, live.keepalived)


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
