"""How a program's unit starts it, and its version."""

import re
from collections.abc import Sequence

from twinkeel.hosts.executor import Reader
from twinkeel.observe.live_files.configuration import LiveConfiguration
from twinkeel.observe.remote_files import read_remote
from twinkeel.observe.unit_command import PROPERTIES, command, environment, environment_files, properties

_VERSION = re.compile(r"(?:version|[Kk]eepalived v?) ?(\d+(?:\.\d+)+\S*)")


async def command_line(reader: Reader, live: LiveConfiguration, program: str) -> list[str]:
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


def default_file(live: LiveConfiguration, program: str, path: str, argv: Sequence[str], *, needs: bool = True) -> list[str]:
    """The file that is looked for where the command line names none, with a note; `needs` says that it must name one."""
    if not argv:
        live.note(path, f"there is no {program}.service that says which files are loaded: this one was looked for")
    elif needs:
        live.note(path, f"{program}.service names no file (-f): this one was looked for")
    return [path]
