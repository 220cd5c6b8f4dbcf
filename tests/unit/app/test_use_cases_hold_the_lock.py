"""Every use case that changes hosts, with careless work beneath it: no change reaches a host before the cluster's lock is held.

A use case that takes the lock itself lets careless work do its change; one whose work takes the lock is stopped by the guard.
The list cannot be shorter than the code: every function that opens hosts for changes is in it.
"""

import ast
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import twinkeel.app
from twinkeel.app import apply, bench, drill, kubespray, rollback, rotation, switchover
from twinkeel.app.context import Context, build_context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.bench.configurations import CONFIGURATIONS
from twinkeel.bench.data_path import Effort
from twinkeel.drill.fault import OpenHosts
from twinkeel.drill.run import Drill
from twinkeel.hosts.executor import Writer
from twinkeel.hosts.lock import cluster_lock

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
    "drill.run": (_drill, "twinkeel.app.drill.run_drill"),
    "drill.soak": (lambda context, folder: drill.soak(context, folder, 1), "twinkeel.app.drill.run_soak"),
    "drill.heal": (lambda context, _: drill.heal(context), "twinkeel.app.drill.heal_what_is_left"),
    "bench.run": (_bench, "twinkeel.bench.run.run_bench"),
    "bench.data_path": (
        lambda context, folder: bench.data_path(context, CONFIGURATIONS[:1], Effort(1, 1, 1, 1), folder),
        "twinkeel.app.bench.measure_paths",
    ),
    "bench.restore": (bench.restore, "twinkeel.bench.run.restore"),
    "kubespray": (
        lambda context, _: asyncio.to_thread(kubespray._apply, context, context.topology, _View()),
        "twinkeel.rollout.apply.apply",
    ),
}
# Every function of app/ that opens hosts for changes -> the cases that go through it.
OPENING = {
    "apply.apply": {"apply", "kubespray"},
    "rollback.rollback": {"rollback"},
    "switchover.switchover": {"switchover"},
    "rotation.drain": {"drain"},
    "rotation.undrain": {"undrain"},
    "drill.heal": {"drill.heal"},
    "drill.prepare": {"drill.run", "drill.soak"},
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
    monkeypatch.setattr(bench, "plain_look", lambda ca: None)
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
    try:
        played(name, context, tmp_path / "out")
    except RuntimeError as error:
        assert "without the cluster's lock" in str(error)  # noqa: PT017
        assert hosts.story == []
    else:
        assert hosts.story == ["lock lb-1", "lock lb-2", "change master-1", "release lb-1", "release lb-2"]


@pytest.mark.parametrize("name", [name for name in CASES if name not in {"switchover", "drain", "undrain", "bench.restore"}])
def test_work_that_takes_the_lock_itself_may_change(
    name: str, context: Context, hosts: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(name, standing_in(context, locks=True), monkeypatch)
    played(name, context, tmp_path / "out")
    assert hosts.story == ["lock lb-1", "lock lb-2", "change master-1", "release lb-1", "release lb-2"]
    assert not any(hosts.locks.values())


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
