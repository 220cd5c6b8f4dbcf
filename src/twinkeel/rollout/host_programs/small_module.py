"""What the module `rendered_files` uses of Ansible's own module helpers, with the standard library alone.

Ansible's helpers are 200 KB of Python that every module brings along and every host compiles anew for each task: most of
what such a task costs. `apply` sends this instead, under their name; an exported project sends theirs
(see action_plugins/rendered_files.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TMPDIR = "~/.ansible/tmp"
"""Where Ansible's helpers keep a module's private files."""
YES, NO = ("yes", "on", "1", "true", "y", "t"), ("no", "off", "0", "false", "n", "f")


def as_bool(value: Any) -> bool:
    """A truth value, or what YAML and Jinja may have made of one."""
    text = str(value).lower()
    if text not in YES + NO:
        raise ValueError(f"{value!r} is neither true nor false")
    return text in YES


CONVERT: dict[str, Callable[[Any], Any]] = {"bool": as_bool, "int": int, "float": float, "str": str, "path": str}


def converted(value: Any, option: Mapping[str, Any]) -> Any:
    """One argument as its option says; what is None stays so."""
    if value is None:
        return None
    kind = option.get("type", "str")
    if kind == "list":
        each = {"type": option.get("elements", "str"), "options": option.get("options")}
        return [converted(item, each) for item in value]
    if kind == "dict":
        return params_of(value, option["options"]) if option.get("options") else dict(value)
    return CONVERT[kind](value)


def params_of(given: Mapping[str, Any], spec: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The arguments with every option's default; ValueError for one that is missing, unknown or none of its choices."""
    unknown = sorted(set(given) - set(spec))
    missing = sorted(name for name, option in spec.items() if option.get("required") and given.get(name) is None)
    if unknown or missing:
        raise ValueError(f"unknown arguments: {unknown}; missing ones: {missing}")
    params = {name: converted(given.get(name, option.get("default")), option) for name, option in spec.items()}
    for name, option in spec.items():
        if params[name] is not None and params[name] not in option.get("choices", [params[name]]):
            raise ValueError(f"{name} is none of {option['choices']}")
    return params


class AnsibleModule:
    """The arguments, and how a module runs commands and ends."""

    def __init__(self, argument_spec: Mapping[str, Mapping[str, Any]], supports_check_mode: bool = False) -> None:
        self._tmpdir = ""
        # The task's arguments as JSON: whoever sends the module puts them before it.
        told = json.loads(vars(sys.modules["__main__"])["ARGUMENTS"])
        given = {name: value for name, value in told.items() if not name.startswith("_ansible_")}
        self.check_mode = as_bool(told.get("_ansible_check_mode", False))
        if self.check_mode and not supports_check_mode:
            self.exit_json(skipped=True)
        try:
            self.params = params_of(given, argument_spec)
        except (TypeError, ValueError) as error:
            self.fail_json(msg=f"the task's arguments make no sense: {error}")

    @property
    def tmpdir(self) -> str:
        """A folder for private files; it goes when the module ends."""
        if not self._tmpdir:
            folder = os.path.expanduser(TMPDIR)
            os.makedirs(folder, mode=0o700, exist_ok=True)
            self._tmpdir = tempfile.mkdtemp(prefix="twinkeel-", dir=folder)
        return self._tmpdir

    def run_command(self, argv: list[str]) -> tuple[int, str, str]:
        """Run a command: its exit code, output and errors. A program that is not there ends the module."""
        # Not pipes: their end would be waited for, and what a command starts may keep them open. Nor files: the disk may be full.
        with open(os.memfd_create("output"), "w+b") as output, open(os.memfd_create("errors"), "w+b") as errors:
            try:
                code = subprocess.call(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
            except OSError as error:
                self.fail_json(msg=f"{argv[0]} cannot be run: {error.strerror}", cmd=" ".join(argv))
            return code, _text_of(output), _text_of(errors)

    def exit_json(self, **result: Any) -> NoReturn:
        """End well."""
        self._end(result, 0)

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """End with a failure; `msg` tells why."""
        self._end(dict(result, failed=True, msg=msg), 1)

    def _end(self, result: dict[str, Any], code: int) -> NoReturn:
        if self._tmpdir:
            shutil.rmtree(self._tmpdir, ignore_errors=True)
        result.setdefault("changed", False)
        sys.stdout.write(json.dumps(result) + "\n")
        sys.exit(code)


def _text_of(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
