"""This machine's own `haproxy -c` and `keepalived -t` on files of examples."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

# Without a listener HAProxy ends with 2: an example may be a backend alone.
LISTENER = (
    "listen of-the-test\n    bind 127.0.0.1:1\n    mode tcp\n    timeout client 1s\n    timeout connect 1s\n    timeout server 1s\n"
)
# An example need not repeat what every configuration has; interfaces of hosts need not be here.
GLOBALS = "global_defs {\n    dynamic_interfaces\n    enable_script_security\n    script_user root\n}\n"


def haproxy_says(texts: Sequence[str], folder: Path) -> list[str]:
    """Its warnings and alerts, and its exit code where that is not 0, for files that are one configuration."""
    argv = [_program("haproxy"), "-c"]
    for place, text in enumerate((LISTENER, *texts)):
        path = folder / f"{place}.cfg"
        path.write_text(text)
        argv += ["-f", str(path)]
    ended = _run(argv)
    found = [line for line in ended.stderr.splitlines() if re.match(r"\[(WARNING|ALERT)\]", line)]
    return found + ([f"exit code {ended.returncode}"] if ended.returncode else [])


def keepalived_says(text: str, folder: Path) -> list[str]:
    """All that it says, and its exit code where that is not 0."""
    path = folder / "keepalived.conf"
    with_globals = text.replace("global_defs {\n", "global_defs {\n    dynamic_interfaces\n", 1)
    path.write_text(with_globals if "global_defs" in text else f"{GLOBALS}{text}")
    ended = _run([_program("keepalived"), "-t", "-f", str(path)])
    found = (ended.stdout + ended.stderr).strip().splitlines()
    return found + ([f"exit code {ended.returncode}"] if ended.returncode else [])


def _run(argv: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, start_new_session=True)


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found
