"""Programs that run on a host with its own Python: sent there over SSH as text, `python3 -c TEXT ARGUMENTS`.

They are modules of ours that import the standard library alone (Python 3.8 or newer), and perhaps parts that several of them share.
"""

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
        return _source(module)
    return _WITH_PARTS.format(parts={part: _source(part) for part in parts}, program=_source(module), name=module)


def _source(module: str) -> str:
    package, _, name = module.rpartition(".")
    return (files(package) / f"{name}.py").read_text(encoding="utf-8")
