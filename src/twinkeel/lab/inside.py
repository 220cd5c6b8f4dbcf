"""Running a command inside a host, as `twinkeel lab exec` does: this process becomes the command."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from twinkeel.errors import ToolError, UsageError
from twinkeel.lab import cgroups, power
from twinkeel.lab.host import SYSTEM_PATH
from twinkeel.lab.model import OUTSIDE_ROLES, LabHost, LabLayout, LabPaths
from twinkeel.lab.namespaces import CLONE_NEWNET, bind_mount, setns, unshare_mounts
from twinkeel.lab.network import host_namespace, namespace_path
from twinkeel.lab.signals import restore_for_command


def exec_in_host(paths: LabPaths, layout: LabLayout, host: LabHost, argv: Sequence[str]) -> NoReturn:
    """Replace this process by a command in a host; its exit code, input, output and terminal are ours.

    In client and operator the command sees this machine's files, but that host's network and the lab's names.

    Raises:
        UsageError: the host is off.
        ToolError: there is no such program.
    """
    if host.role in OUTSIDE_ROLES:
        _enter_network(layout, host, paths)
        _execute(list(argv), outside_environment(paths))
    exec_inside_host(paths, layout, host, argv)


def exec_inside_host(paths: LabPaths, layout: LabLayout, host: LabHost, argv: Sequence[str]) -> NoReturn:
    """Replace this process by a command that sees a host's own files, the client's and operator's too. Raises as `become`."""
    _execute(*inside_command(paths, layout, host, argv))


def inside_command(paths: LabPaths, layout: LabLayout, host: LabHost, argv: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The command and environment that run `argv` inside a host. The calling process joins the host's control groups."""
    leader = power.leader(paths, layout, host)
    if leader is None:
        raise UsageError(f"{host.name} is off", hint=f"twinkeel lab power-on {host.name}")
    cgroups.join(leader)
    environment = {"PATH": SYSTEM_PATH, "HOME": "/root", "USER": "root", "LANG": "C.UTF-8", "TERM": os.environ.get("TERM", "dumb")}
    return ["nsenter", "--target", str(leader), "--all", "--wdns=/root", "--", *argv], environment


def outside_environment(paths: LabPaths) -> dict[str, str]:
    """Our environment, with the lab's spec, its SSH files, and its programs first on PATH."""
    ours = os.environ
    path = f"{paths.tools}:{Path(sys.executable).parent}:{ours.get('PATH', SYSTEM_PATH)}"
    return {
        **ours,
        "PATH": path,
        "TWINKEEL_FILE": str(paths.spec_file),
        "TWINKEEL_SSH_IDENTITY_FILE": str(paths.identity_file),
        "TWINKEEL_SSH_KNOWN_HOSTS_FILE": str(paths.known_hosts_file),
    }


def _enter_network(layout: LabLayout, host: LabHost, paths: LabPaths) -> None:
    """This machine's files with the lab's names over its own, in the host's network; as `ip netns exec` does it."""
    upper = paths.host(host.name) / "upper"
    setns(namespace_path(host_namespace(layout, host)), CLONE_NEWNET)
    unshare_mounts()
    for name in ("etc/hosts", "etc/resolv.conf"):
        target = (Path("/") / name).resolve()
        if target.exists():
            bind_mount(upper / name, target)


def _execute(argv: list[str], environment: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    restore_for_command()
    try:
        os.execvpe(argv[0], argv, environment)  # noqa: S606 - becoming the command is the point
    except OSError as error:
        raise ToolError(f"{argv[0]} cannot be run: {error.strerror}", hint="it must be on PATH, or be given as a path") from error
