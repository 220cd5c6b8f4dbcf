"""HAProxy's files on a live host."""

from posixpath import join, normpath

from twinkeel.hosts.executor import Reader
from twinkeel.observe.live_files.configuration import LiveConfiguration
from twinkeel.observe.live_files.unit import command_line, default_file
from twinkeel.observe.remote_files import match_remote, read_remote
from twinkeel.observe.unit_command import option_values

HAPROXY_DEFAULT = "/etc/haproxy/haproxy.cfg"


async def read_haproxy(reader: Reader, live: LiveConfiguration) -> None:
    """Those that its command line names, files and folders."""
    argv = await command_line(reader, live, "haproxy")
    # After `--` every word is a file (haproxy(1)).
    options = argv[: argv.index("--")] if "--" in argv else argv
    named = [*option_values(options, "-f"), *argv[len(options) + 1 :]]
    folder = next(iter(option_values(options, "-C")), "/")
    paths = [normpath(join(folder, path)) for path in named] or default_file(live, "haproxy", HAPROXY_DEFAULT, argv)
    for found in await read_remote(reader, live.machine, paths):
        below = await match_remote(reader, live.machine, found.path, "*.cfg") if found.is_folder else []
        if below:
            for each in await read_remote(reader, live.machine, below):
                live.haproxy += live.take(each)
        elif not found.is_folder:
            live.haproxy += live.take(found)
