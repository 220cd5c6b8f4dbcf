"""A part of the module `rendered_files`: bring the services to their files, one after the other."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # What Ansible's run_command takes and gives: the words of a command; its exit code, output and errors.
    RunCommand = Callable[[list[str]], tuple[int, str, str]]

# A reload that comes when the unit no longer runs starts it.
VERBS = {"start": "start", "reload": "reload-or-restart", "restart": "restart"}
# Its clients notice no restart, and a new program or unit file needs one.
ALWAYS_RESTARTED = ("twinkeel-liveness",)
UNIT_FILES = "/etc/systemd/system/"
LIVE_DEADLINE = 15.0
PAUSE = 0.05


class UnitError(Exception):
    """A service did not come to its files; the text says which and why."""


def bring_units(
    run: RunCommand,
    units: list[str],
    actions: dict[str, str],
    monitor_port: int | None,
    paths: Sequence[str] = (),
    replaced: Sequence[str] = (),
) -> list[str]:
    """Do what each unit needs, in the order of `units`; the units that something was done to.

    HAProxy must answer on `monitor_port` of the loopback (None: it is not asked) before the next unit's turn: the VIP daemon comes
    last, and may take a virtual IP. `paths` are those of all files of ours, `replaced` those that were replaced or removed now.

    Raises:
        UnitError: one of them failed; those after it were not touched.
    """
    needed = [unit for unit in units if actions.get(unit, "none") != "none"]
    if needed and must_read_units_again(run, {*units, *units_in(paths)}, replaced):
        checked(run, ["systemctl", "daemon-reload"])
    for unit in needed:
        verb = "restart" if unit in ALWAYS_RESTARTED else VERBS[actions[unit]]
        if run(["systemctl", "is-enabled", "--quiet", unit])[0] != 0:
            checked(run, ["systemctl", "enable", unit])
        checked(run, ["systemctl", verb, unit])
        if unit == "haproxy" and monitor_port is not None:
            wait_until_live(monitor_port)
    return needed


def must_read_units_again(run: RunCommand, units: set[str], replaced: Sequence[str]) -> bool:
    """Whether systemd has to: it takes a tenth of a second and more, and everybody waits meanwhile.

    Not only for what was replaced now: a run that broke off may have left a file that was never read.
    """
    if any(path.startswith(UNIT_FILES) for path in replaced):
        return True
    _, shown, _ = run(["systemctl", "show", "--property=NeedDaemonReload", *sorted(units)])
    return shown.split() != ["NeedDaemonReload=no"] * len(units)


def units_in(paths: Sequence[str]) -> set[str]:
    """Units that have a file among these; one of a service is called as `systemctl` and our lists call it."""
    names = {path[len(UNIT_FILES) :].split("/")[0] for path in paths if path.startswith(UNIT_FILES)}
    whole = {name[: -len(".d")] if name.endswith(".d") else name for name in names}
    return {name[: -len(".service")] if name.endswith(".service") else name for name in whole}


def checked(run: RunCommand, argv: list[str]) -> None:
    """Run a command that must end with 0."""
    code, out, err = run(argv)
    if code != 0:
        raise UnitError(f"`{' '.join(argv)}` ended with {code}: {(err or out).strip()}")


def wait_until_live(port: int) -> None:
    """Until HAProxy answers GET /live on the loopback."""
    end = time.monotonic() + LIVE_DEADLINE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/live", timeout=2) as answer:
                if answer.status == 200:
                    return
                outcome = f"answers {answer.status}"
        except (OSError, urllib.error.URLError) as error:
            outcome = f"does not answer: {error}"
        if time.monotonic() > end:
            raise UnitError(f"HAProxy was brought to its files, and GET /live on port {port} {outcome}")
        time.sleep(PAUSE)
