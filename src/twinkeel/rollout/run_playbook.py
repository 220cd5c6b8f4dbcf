"""Run a playbook of an Ansible project and turn what Ansible says into events."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING, Any, TextIO

from twinkeel.errors import HostError, ToolError, TwinkeelError
from twinkeel.rollout.connect_early import CONTROL_PATH, connected_early, start_quietly
from twinkeel.rollout.write_project import INVENTORY, PLAYBOOK
from twinkeel.support.events import OnEvent, TaskEnded, TaskFailed, TaskStarted
from twinkeel.topology.model import Machine

if TYPE_CHECKING:
    from ansible_runner.runner import Runner

LONGEST_TMPDIR = 30
ANSIBLE_PROCESS = Path(__file__).with_name("ansible_process.py")


@dataclass
class Recorder:
    """What came out of a run so far: how many tasks changed each host, and what failed."""

    on_event: OnEvent
    changed: dict[str, int] = field(default_factory=dict)
    failures: list[TaskFailed] = field(default_factory=list)

    def take(self, event: Mapping[str, Any]) -> None:
        """One event of ansible-runner's stream."""
        data = event.get("event_data", {})
        host, task = data.get("host", ""), data.get("task", "")
        match event.get("event"):
            case "playbook_on_task_start":
                self.on_event(TaskStarted(task))
            case "runner_on_ok":
                is_changed = bool(data["res"].get("changed"))
                self.changed[host] = self.changed.get(host, 0) + is_changed
                self.on_event(TaskEnded(host, task, is_changed, round(float(data.get("duration") or 0), 3)))
            case "runner_on_failed" if not data.get("ignore_errors"):
                self._fail(TaskFailed(host, task, failure_message(data["res"])))
            case "runner_on_unreachable":
                self._fail(TaskFailed(host, task, failure_message(data["res"]), lost=True))

    def _fail(self, failure: TaskFailed) -> None:
        self.failures.append(failure)
        self.on_event(failure)


def failure_message(result: Mapping[str, Any]) -> str:
    """The part of a failed task's result that tells a person why."""
    parts = [str(result.get(key, "")).strip() for key in ("msg", "stderr", "module_stderr")]
    messages: list[str] = []
    for part in parts:
        if part and not any(part in known for known in messages):
            messages.append(part)
    return "\n".join(messages) or "it failed without a message"


@dataclass(frozen=True)
class PlaybookRun:
    """How a run ended: `changed` counts tasks for each host; `failures` is empty when all went well."""

    changed: Mapping[str, int]
    failures: tuple[TaskFailed, ...]
    log: Path

    @property
    def error(self) -> TwinkeelError | None:
        """The first failure of a host as an error; None when there was none."""
        if not self.failures:
            return None
        first = self.failures[0]
        return HostError(first.message, where=f"{first.host}, task: {first.task}", hint=f"the whole output is in {self.log}")


async def run_playbook(
    folder: Path,
    log: Path,
    on_event: OnEvent,
    playbook: str = PLAYBOOK,
    limit: Sequence[str] = (),
    skip_tags: Sequence[str] = (),
    connect: Sequence[Machine] = (),
    **variables: Any,
) -> PlaybookRun:
    """Run a playbook of the project; what came out, failures of hosts among it.

    Args:
        folder: a private folder with the project in `project`; Ansible's own files go beside it.
        log: where Ansible's full output is added; made with mode 0600.
        limit: the hosts to work on; empty for all.
        skip_tags: tasks with one of these tags are left out.
        connect: hosts that are connected to while Ansible starts.
        variables: extra variables of the run.

    Raises:
        ToolError: Ansible itself failed.
    """
    recorder = Recorder(on_event)
    stop = threading.Event()
    more = {"playbook": playbook, "limit": ",".join(limit) or None, "extravars": variables}
    more["skip_tags"] = ",".join(skip_tags) or None
    running = asyncio.create_task(asyncio.to_thread(_run, folder, log, recorder, stop, more, connect))
    try:
        runner = await asyncio.shield(running)
    except asyncio.CancelledError:
        # Ansible runs in a session of its own: Ctrl-C does not reach it, so it is stopped here and waited for.
        stop.set()
        await running
        raise
    if runner.rc != 0 and not recorder.failures:
        raise ToolError(f"ansible-playbook ended with {runner.rc}", where=str(log), hint="the end of that file says why")
    return PlaybookRun(recorder.changed, tuple(recorder.failures), log)


def add_to_log(log: Path, line: str) -> None:
    """Add a line of our own to a run's log."""
    with _open_log(log) as output:
        output.write(line + "\n")


def _open_log(log: Path) -> TextIO:
    """To append; made with mode 0600."""
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8")


def _run(
    folder: Path, log: Path, recorder: Recorder, stop: threading.Event, more: Mapping[str, Any], connect: Sequence[Machine]
) -> "Runner":
    with _open_log(log) as output, _sockets() as sockets, connected_early(connect, sockets):
        # An apply with nothing to change runs no playbook, and does without it.
        import ansible_runner

        ours = _environment(folder, sockets)

        def take(event: dict[str, Any]) -> bool:
            if event.get("stdout"):
                output.write(event["stdout"] + "\n")
                output.flush()
            recorder.take(event)
            return False

        runner = ansible_runner.interface.init_runner(
            private_data_dir=str(folder),
            project_dir=str(folder / "project"),
            inventory=str(folder / "project" / INVENTORY),
            envvars=ours,
            quiet=True,
            event_handler=take,
            cancel_callback=stop.is_set,
            suppress_env_files=True,
            **more,
        )
        leaked = [name for name in runner.config.env if name.startswith("ANSIBLE_") and _is_leaked(name, runner.config.env, ours)]
        for name in leaked:
            del runner.config.env[name]
        # -P: nothing beside the program or the playbooks is imported.
        runner.config.command = [sys.executable, "-P", str(ANSIBLE_PROCESS), *runner.config.command]
        runner.run()
        return runner


def _environment(folder: Path, sockets: Path) -> dict[str, str]:
    """Variables that keep the user's own Ansible out, and Ansible's files inside the private folder."""
    return {
        "ANSIBLE_CONFIG": str(folder / "project" / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "home" / "tmp"),
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "home" / "collections"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets),
        # Ansible puts the folder in, and takes %% for %.
        "ANSIBLE_SSH_CONTROL_PATH": f"%(directory)s/{CONTROL_PATH.replace('%', '%%')}",
        "ANSIBLE_CALLBACK_PLUGINS": "",
        "ANSIBLE_STDOUT_CALLBACK": "default",
        # ansible-runner turns host-key checking off unless it is told otherwise.
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
    }


def _is_leaked(name: str, environment: Mapping[str, str], ours: Mapping[str, str]) -> bool:
    return name not in ours and environment[name] == os.environ.get(name)


def short_folder() -> str | None:
    """Where temporary folders of sockets go: a socket's path may have about 104 characters, and a user's TMPDIR can be long.

    None is the usual place.
    """
    return None if len(gettempdir()) <= LONGEST_TMPDIR else "/tmp"  # noqa: S108


@contextmanager
def _sockets() -> Iterator[Path]:
    """A folder for the SSH connections that Ansible shares; they end with it, not half a minute later."""
    with TemporaryDirectory(prefix="twinkeel-", dir=short_folder()) as name:
        folder = Path(name)
        try:
            yield folder
        finally:
            ends = [["ssh", "-o", f"ControlPath={control}", "-O", "exit", "host"] for control in folder.iterdir()]
            for ending in [start_quietly(argv) for argv in ends]:
                ending.wait()
