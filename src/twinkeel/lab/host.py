"""One host: an overlay over the image, and a systemd-nspawn container with systemd as PID 1.

The overlay is mounted in a mount namespace of the host's own, so that it vanishes with the last process and the machine's own
list of mounts stays as it was. See systemd-nspawn(1) for the flags and for exit code 133, which is a reboot from inside.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from twinkeel.errors import ToolError
from twinkeel.lab import cgroups, manifest, processes
from twinkeel.lab.host_files import enable_units, own_home, user_files, write_files
from twinkeel.lab.layout import cables
from twinkeel.lab.manifest import Entry
from twinkeel.lab.model import Bind, HostExtras, HostFile, LabHost, LabLayout, LabPaths
from twinkeel.lab.network import host_namespace, namespace_path, switch_namespace

REBOOT_EXIT_CODE = 133
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SCRIPT_MODE = 0o700
SOURCE = Path(__file__).parents[2]


def prepare(
    paths: LabPaths, layout: LabLayout, host: LabHost, image: Path, files: tuple[HostFile, ...], extras: HostExtras
) -> None:
    """Make a host's folder: overlay with its files in it, bound folders, the scripts that boot it."""
    folder = paths.host(host.name)
    for name in ("upper", "work", "root"):
        (folder / name).mkdir(parents=True)
    upper = folder / "upper"
    write_files(upper, image, (*files, *user_files(host, image), *extras.files))
    own_home(upper, host)
    enable_units(upper, image, extras.enable)
    for bind in extras.bind:
        if not bind.source.exists():
            bind.source.mkdir(parents=True)
    _write_script(folder / "start", start_script(paths, layout, host, image, extras))
    _write_script(folder / "supervise", supervise_script(paths, layout, host))


def start_script(paths: LabPaths, layout: LabLayout, host: LabHost, image: Path, extras: HostExtras) -> str:
    """Boots the host once; its exit code is systemd-nspawn's."""
    folder = paths.host(host.name)
    environment = {"PATH": SYSTEM_PATH, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network", **dict(extras.environment)}
    # By the code that made the lab, also where that is not what is installed.
    renew = shlex.join(["env", f"PYTHONPATH={SOURCE}", sys.executable, "-m", "twinkeel.lab.renew", str(paths.root), host.name])
    booted = shlex.quote(str(folder / "booted"))
    options = f"lowerdir={_escape(image)},upperdir={_escape(folder / 'upper')},workdir={_escape(folder / 'work')}"
    join = cgroups.joining(cgroups.host_groups(layout, host))
    mount = shlex.join(["mount", "-t", "overlay", "-o", options, "overlay", str(folder / "root")])
    inner = "\n".join([join, mount, 'exec "$@"'])
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())
    return f"""#!/bin/sh
# Boots {host.name} of the lab {layout.name} once. Exit code {REBOOT_EXIT_CODE}: it asked to be booted again.
set -eu
{exports}
# A reboot finds the network as new: what was set at run time is gone, as on a real machine.
if [ -e {booted} ]; then {renew}; fi
: > {booted}
exec unshare --mount --propagation slave -- sh -ec {shlex.quote(inner)} sh \\
  {_join_lines(nspawn_command(layout, host, folder, extras))}
"""


def nspawn_command(layout: LabLayout, host: LabHost, folder: Path, extras: HostExtras) -> list[str]:
    """The command that boots a host whose overlay is mounted at `folder`/root."""
    return [
        "systemd-nspawn",
        "--quiet",
        "--register=no",
        "--keep-unit",
        "--settings=no",
        f"--machine={host_namespace(layout, host)}",
        f"--directory={folder / 'root'}",
        f"--network-namespace-path={namespace_path(host_namespace(layout, host))}",
        "--capability=all",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=pipe",
        *(f"--bind-ro={_bind(bind)}" for bind in extras.bind_ro),
        *(f"--bind={_bind(bind)}" for bind in extras.bind),
        *extras.nspawn_args,
        "--boot",
    ]


def supervise_script(paths: LabPaths, layout: LabLayout, host: LabHost) -> str:
    """Keeps the host running over reboots, on a machine without systemd."""
    start = shlex.quote(str(paths.host(host.name) / "start"))
    return f"""#!/bin/sh
# Keeps {host.name} of the lab {layout.name} running: it boots again after a reboot, and stays off after a power-off.
while :; do
  {start}
  code=$?
  {"; ".join(shlex.join(command) for command in fall_silent(layout, host))}
  [ $code -eq {REBOOT_EXIT_CODE} ] || exit 0
done
"""


def fall_silent(layout: LabLayout, host: LabHost) -> tuple[list[str], ...]:
    """The commands that take the links of a host that has ended: the kernel would answer for its addresses until the next boot."""
    namespace = switch_namespace(layout)
    return tuple(["ip", "-netns", namespace, "link", "set", cable.port, "down"] for cable in cables(layout, host))


def start(paths: LabPaths, layout: LabLayout, host: LabHost) -> None:
    """Boot a prepared host whose network stands. Returns at once; see `twinkeel.lab.ready`."""
    folder = paths.host(host.name)
    (folder / "off").unlink(missing_ok=True)
    (folder / "booted").unlink(missing_ok=True)
    if cgroups.systemd_runs_here():
        _start_unit(layout, host, folder)
        return
    tag = str(folder / "supervise")
    with open(folder / "console.log", "ab") as console:
        child = subprocess.Popen(
            ["/bin/sh", tag],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
            cwd="/",
            env={"PATH": SYSTEM_PATH},
        )
    manifest.record(paths.manifest, Entry("process", tag, child.pid, processes.start_time(child.pid) or 0))


def unit_name(layout: LabLayout, host: LabHost) -> str:
    """The transient service that is the host, on a machine with systemd."""
    return f"twinkeel-{layout.lab_id}-{host.name}.service"


def _start_unit(layout: LabLayout, host: LabHost, folder: Path) -> None:
    properties = (
        "Delegate=yes",
        f"RestartForceExitStatus={REBOOT_EXIT_CODE}",
        f"SuccessExitStatus={REBOOT_EXIT_CODE}",
        "RestartSec=0",
        "StartLimitIntervalSec=0",
        "KillMode=mixed",
        "TasksMax=infinity",
        *(f"ExecStopPost=-{shutil.which('ip')} {shlex.join(command[1:])}" for command in fall_silent(layout, host)),
        f"StandardOutput=append:{folder / 'console.log'}",
        f"StandardError=append:{folder / 'console.log'}",
    )
    argv = ["systemd-run", "--quiet", "--collect", f"--unit={unit_name(layout, host)}"]
    argv += [f"--property={item}" for item in properties]
    ended = subprocess.run([*argv, str(folder / "start")], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise ToolError(f"systemd-run failed: {ended.stderr.strip()}", where=host.name, hint="see `journalctl -b`")


def members(layout: LabLayout, host: LabHost, groups: tuple[Path, ...], tag: str) -> list[int]:
    """Every process of a host: its supervisor, its control groups' and its network namespace's."""
    found = set(processes.with_argument(tag))
    for group in groups:
        found.update(cgroups.members(group))
    path = namespace_path(host_namespace(layout, host))
    if path.exists():
        found.update(processes.in_network_namespace([path.stat().st_ino]))
    return sorted(found)


def _write_script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(SCRIPT_MODE)


def _bind(bind: Bind) -> str:
    return ":".join(str(part).replace("\\", "\\\\").replace(":", "\\:") for part in (bind.source, bind.target))


def _escape(path: Path) -> str:
    """A path within overlayfs's options."""
    text = os.fspath(path)
    for special in ("\\", ",", ":"):
        text = text.replace(special, f"\\{special}")
    return text


def _join_lines(argv: list[str]) -> str:
    return " \\\n  ".join(shlex.quote(word) for word in argv)
