"""A spec with passwords goes through every command that renders files: a missing one is said first, one that is there is used."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from twinkeel.app import bench, drill
from twinkeel.cli.load import open_context
from twinkeel.cli.main import cli
from twinkeel.drill.drill import Drill
from twinkeel.errors import HostError, SpecError
from twinkeel.spec.secrets import Secrets

from .conftest import Recorder

COMMANDS = {
    "render": ["render", "-o", "OUT"],
    "export": ["export", "ansible", "OUT"],
    "plan": ["plan"],
    "apply": ["apply"],
    "bench run": ["bench", "run", "twinkeel-fast", "-o", "OUT"],
    "bench data-path": ["bench", "data-path", "twinkeel-fast", "-o", "OUT"],
    "bench restore": ["bench", "restore"],
    "kubespray run": ["kubespray", "run"],
    "kubespray scale": ["kubespray", "scale"],
    "kubespray upgrade": ["kubespray", "upgrade"],
    "kubespray remove-node": ["kubespray", "remove-node", "worker-1"],
    "kubespray recover": ["kubespray", "recover", "--broken", "master-1"],
}


def typed(command: str, spec: Path, out: Path) -> int:
    words = [str(out) if word == "OUT" else word for word in COMMANDS[command]]
    return CliRunner().invoke(cli, [*words, "-f", str(spec)], catch_exceptions=False).exit_code


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.setattr("twinkeel.app.bench.require_generator", lambda: None)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_password_that_is_missing_is_said_before_anything_is_done(
    command: str, spec: Path, hosts: Recorder, tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match="metrics_password"):
        typed(command, spec, tmp_path / "out")
    assert hosts.story == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["render", "export"])
def test_files_have_it(command: str, spec: Path, passwords: Secrets, tmp_path: Path) -> None:
    assert typed(command, spec, tmp_path / "out") == 0
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    having = [path for path in files if str(passwords.vrrp_password) in path.read_text()]
    assert having
    assert all(path.stat().st_mode & 0o007 == 0 for path in having)


@pytest.mark.parametrize(("command", "work"), [("plan", "app.plan.make_plan"), ("apply", "rollout.apply.apply")])
def test_what_asks_and_changes_hosts_has_it(
    command: str, work: str, spec: Path, passwords: Secrets, hosts: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    async def taken(*arguments: Any, **named: Any) -> None:
        given.extend([*arguments, *named.values()])
        raise HostError("enough was seen")

    monkeypatch.setattr(f"twinkeel.{work}", taken)
    with pytest.raises(HostError, match="enough was seen"):
        typed(command, spec, tmp_path / "out")
    assert passwords in given


def test_a_bench_applies_with_it_and_under_its_own_lock(
    spec: Path, passwords: Secrets, hosts: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, Any]] = []

    async def prepare(context: Any, reached: Any, order: drill.DrillOrder) -> Drill:
        ca = tmp_path / "ca.crt"
        ca.write_text("authority")
        target: Any = SimpleNamespace(ca_file=ca)
        return Drill(context.topology, reached.open, target, (), 1, order.folder, tmp_path, context.note)

    async def apply(*_: Any, **named: Any) -> None:
        given.append(named)

    monkeypatch.setattr(bench, "prepare_drill", prepare)
    monkeypatch.setattr(bench, "plain_status", lambda ca: None)
    monkeypatch.setattr("twinkeel.rollout.apply.apply", apply)

    async def bring_back() -> None:
        made = await bench.prepare(open_context(spec, renders=True), (), drill.DrillOrder(tmp_path))
        await made.apply(made.drill.topology)

    asyncio.run(bring_back())
    assert given == [{"secrets": passwords, "held": True, "discard": True}]
