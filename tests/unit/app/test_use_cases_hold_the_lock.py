"""Every use case that changes hosts, with careless work beneath it: no change reaches a host before the cluster's lock is held.

A use case that takes the lock itself lets careless work do its change; one whose work takes the lock is stopped by the guard.
The list cannot be shorter than the code: every function that opens hosts for changes is in it.
"""

import ast
import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

import twinkeel.app
from twinkeel.app import announcers, apply, bench, drill, kubespray, rollback, rotation, switchover, tune
from twinkeel.app.context import Context, build_context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.bench.configurations import CONFIGURATIONS
from twinkeel.bench.data_path import Effort
from twinkeel.cli.main import cli
from twinkeel.drill.active_fault import path_of
from twinkeel.drill.drill import Drill
from twinkeel.drill.fault import OpenHosts
from twinkeel.errors import HostError
from twinkeel.hosts.executor import Writer
from twinkeel.hosts.lock import LockedError, cluster_lock, this_process

from .conftest import EXAMPLE, Recorder

Work = Callable[[Writer], Awaitable[None]]
UseCase = Callable[[Context, Path], Awaitable[object]]


def master(context: Context) -> Any:
    return context.topology.control_plane[0]


async def _drill(context: Context, folder: Path) -> None:
    await drill.run(context, drill.DrillOrder(folder), lambda _: None)


async def _bench(context: Context, folder: Path) -> None:
    await bench.run(context, CONFIGURATIONS[:1], drill.DrillOrder(folder), 45)


# Name -> the use case, and what stands beneath it: careless work takes its place.
CASES: dict[str, tuple[UseCase, str]] = {
    "apply": (lambda context, _: apply.apply(context), "twinkeel.rollout.apply.apply"),
    "rollback": (lambda context, _: rollback.rollback(context), "twinkeel.rollout.rollback.rollback"),
    "switchover": (lambda context, _: switchover.switchover(context), "twinkeel.vip.switchover.switchover"),
    "drain": (
        lambda context, _: rotation.drain(context, master(context), timeout=1, force=False),
        "twinkeel.rotation.drain.drain",
    ),
    "undrain": (lambda context, _: rotation.undrain(context, master(context), timeout=1), "twinkeel.rotation.drain.undrain"),
    "stand aside": (
        lambda context, _: announcers.enter_standby(context, context.topology.load_balancers[0]),
        "twinkeel.vip.withdraw.withdraw_vips",
    ),
    "come back": (
        lambda context, _: announcers.leave_standby(context, context.topology.load_balancers[0]),
        "twinkeel.vip.withdraw.announce_vips_at_once",
    ),
    "drill.run": (_drill, "twinkeel.app.drill.run_drill"),
    "drill.soak": (lambda context, folder: drill.soak(context, drill.DrillOrder(folder), 1), "twinkeel.app.drill.run_soak"),
    "drill.heal": (lambda context, _: drill.heal(context), "twinkeel.app.drill.heal_what_is_left"),
    "bench.run": (_bench, "twinkeel.bench.run.run_bench"),
    "bench.data_path": (
        lambda context, folder: bench.data_path(context, CONFIGURATIONS[:1], Effort(1, 1, 1, 1), folder),
        "twinkeel.app.bench.measure_paths",
    ),
    "bench.restore": (bench.restore, "twinkeel.bench.run.restore"),
    "tune": (lambda context, _: tune.record(context, 10, load=True), "twinkeel.app.tune.measure"),
    "kubespray": (
        lambda context, _: asyncio.to_thread(kubespray._apply, context, context.topology, _View()),
        "twinkeel.rollout.apply.apply",
    ),
}
# Use cases that take the lock themselves; beneath the others there is work that does.
TAKING_IT = {"switchover", "drain", "undrain", "stand aside", "come back", "bench.restore", "tune"}
DONE = ["lock lb-1", "lock lb-2", "change master-1", "release lb-1", "release lb-2"]

# Every function of app/ that opens hosts for changes -> the cases that go through it.
OPENING = {
    "apply.apply": {"apply", "kubespray"},
    "rollback.rollback": {"rollback"},
    "switchover.switchover": {"switchover"},
    "rotation.drain": {"drain"},
    "rotation.undrain": {"undrain"},
    "announcers.enter_standby": {"stand aside"},
    "announcers.leave_standby": {"come back"},
    "drill.heal": {"drill.heal"},
    "drill.prepare": {"drill.run", "drill.soak"},
    "tune._hosts": {"tune"},
    "bench.prepare": {"bench.run", "bench.data_path", "bench.restore"},
}


class _View:
    """Somebody who does not look."""

    def applying(self) -> Any:
        return nullcontext(lambda event: None)


def hosts_of(given: tuple[Any, ...]) -> OpenHosts | Writer:
    """How work that was given all this reaches hosts."""
    for each in given:
        if isinstance(each, Drill):
            return each.hosts
        if isinstance(each, bench.Bench):
            return each.drill.hosts
        if hasattr(each, "change") or callable(each):
            return each  # type: ignore[no-any-return]
    raise AssertionError(f"no hosts among {given}")


def standing_in(context: Context, *, locks: bool) -> Callable[..., Any]:
    """Work that changes a host at once, or (with `locks`) after it took the lock."""

    async def change(writer: Writer) -> None:
        machines = [balancer.machine for balancer in context.topology.load_balancers]
        if locks:
            async with cluster_lock(writer, machines, "twinkeel careful", context.note):
                await writer.change(master(context), ["reboot"])
        else:
            await writer.change(master(context), ["reboot"])

    async def work(*given: Any, **_: Any) -> Any:
        found = hosts_of(given)
        if hasattr(found, "change"):
            await change(found)
        else:
            async with found() as writer:
                await change(writer)
        return ""

    return work


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Context:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    given = build_context(EXAMPLE, lambda _: None)

    async def prepare(context: Context, hosts: ClusterHosts, order: drill.DrillOrder) -> Drill:
        # The cluster cannot be asked here: a drill with nothing but its hosts.
        ca = tmp_path / "ca.crt"
        ca.write_text("authority")
        target: Any = SimpleNamespace(ca_file=ca)
        return Drill(context.topology, hosts.open, target, order.faults, 1, order.folder, tmp_path, context.note)

    monkeypatch.setattr(drill, "prepare", prepare)
    monkeypatch.setattr(bench, "prepare_drill", prepare)
    monkeypatch.setattr(bench, "plain_status", lambda ca: None)
    return given


def played(name: str, context: Context, folder: Path) -> None:
    asyncio.run(_awaited(CASES[name][0](context, folder)))


async def _awaited(work: Awaitable[object]) -> None:
    await work


async def _trials(work: Callable[..., Any], *given: Any) -> Any:
    """`run_drill` gives one trial after the other."""
    yield await work(*given)


def place(name: str, work: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CASES[name][1], (lambda *given: _trials(work, *given)) if name == "drill.run" else work)
    monkeypatch.setattr(drill, "_write_reports", lambda *_: None)


@pytest.mark.parametrize("name", CASES)
def test_careless_work_changes_nothing_before_the_lock_is_held(
    name: str, context: Context, hosts: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(name, standing_in(context, locks=False), monkeypatch)
    if name in TAKING_IT:
        played(name, context, tmp_path / "out")
    else:
        with pytest.raises(RuntimeError, match="without the cluster's lock"):
            played(name, context, tmp_path / "out")
    assert hosts.story == (DONE if name in TAKING_IT else [])


@pytest.mark.parametrize("name", [name for name in CASES if name not in TAKING_IT])
def test_work_that_takes_the_lock_itself_may_change(
    name: str, context: Context, hosts: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(name, standing_in(context, locks=True), monkeypatch)
    played(name, context, tmp_path / "out")
    assert hosts.story == DONE
    assert not any(hosts.locks.values())


@pytest.mark.parametrize("name", ["bench.run", "bench.data_path"])
def test_a_bench_holds_the_lock_before_it_looks_for_another_configuration(
    name: str, context: Context, hosts: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def ours_afterwards(made: bench.Bench) -> AsyncIterator[None]:
        async with made.drill.hosts() as writer:
            await writer.change(master(context), ["reboot"])
        raise HostError("enough was seen")
        yield

    for module in ("run", "data_path"):
        monkeypatch.setattr(f"twinkeel.bench.{module}.ours_afterwards", ours_afterwards)
    with pytest.raises(HostError, match="enough was seen"):
        played(name, context, tmp_path / "out")
    assert hosts.story == DONE


def test_drill_heal_as_typed_goes_on_where_a_load_balancer_is_out_of_reach(
    context: Context, hosts: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = {"cluster": "lab-home", "scenario": "haproxy-stop", "holder": "lb-1", "target": "lb-1", "before": "", "pid": 2**22 + 1}
    path_of(drill.drills_folder(), "lab-home").parent.mkdir(parents=True)
    path_of(drill.drills_folder(), "lab-home").write_text(json.dumps(note))

    async def healthy(*_: object) -> None:
        hosts.story.append("healthy")

    monkeypatch.setattr("twinkeel.drill.heal._wait_for_health", healthy)
    hosts.lost = "lb-2"
    hosts.locks["lb-1"] = other = replace(this_process("twinkeel apply"), place="far away").text()
    typed = ["drill", "heal", "-f", str(EXAMPLE)]
    with pytest.raises(LockedError):
        CliRunner().invoke(cli, typed, catch_exceptions=False)
    assert (hosts.story, hosts.locks["lb-1"]) == ([], other)
    ended = CliRunner().invoke(cli, [*typed, "--break-lock"], catch_exceptions=False)
    assert (ended.exit_code, ended.stdout) == (0, "healed: haproxy-stop on lb-1\n")
    assert "lb-2: its lock is not held, and the work goes on without: does not answer\n" in ended.stderr
    assert hosts.story == ["lock lb-1", "change lb-1", "healthy", "release lb-1"]


def functions_that_open_hosts() -> Iterator[str]:
    for file in Path(twinkeel.app.__path__[0]).glob("*.py"):
        for function in ast.parse(file.read_text()).body:
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                named = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
                if named & {"changing", "open", "SshHosts"}:
                    yield f"{file.stem}.{function.name}"


def test_no_use_case_that_changes_hosts_is_left_out() -> None:
    assert set(functions_that_open_hosts()) == set(OPENING)
    assert set().union(*OPENING.values()) == set(CASES)
