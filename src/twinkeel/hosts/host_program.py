"""Programs that run on a host with its own Python: sent there over SSH as text, `python3 -c TEXT ARGUMENTS`.

They are modules of ours that import the standard library alone (Python 3.8 or newer), and perhaps parts that several of them share.
"""

from collections.abc import Mapping
from importlib.resources import files

HAPROXY_SOCKET = "twinkeel.hosts.host_programs.haproxy_socket"
WORK_LOCK = "twinkeel.hosts.host_programs.work_lock"
"""Parts that several programs share."""
PYTHON_HINT = "install python3 there: Ansible needs it, too"

# Each part becomes a module under its own name before the program is run, so that its `import` finds it there as it does here.
_WITH_PARTS = """\
import sys, types
for name, source in {parts!r}.items():
    sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), vars(sys.modules[name]))
exec(compile({program!r}, {name!r}, "exec"))
"""


def host_program(module: str, *parts: str) -> str:
    """The text of a program. Both are full names of modules; `parts` are those of ours that it imports."""
    if not parts:
        return source_of(module)
    return bundle(module, source_of(module), {part: source_of(part) for part in parts})


def bundle(name: str, program: str, parts: Mapping[str, str]) -> str:
    """One text of a program and its parts: the text of each by the full name under which it is imported."""
    return _WITH_PARTS.format(parts=dict(parts), program=program, name=name)


def source_of(module: str) -> str:
    """The text of a module of ours, by its full name."""
    package, _, name = module.rpartition(".")
    return (files(package) / f"{name}.py").read_text(encoding="utf-8")
