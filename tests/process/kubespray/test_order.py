"""The order in which one command changes load balancers and nodes, and what is left undone when a step fails.

In the place of ansible-playbook stands a program that notes which playbook it was given; applying and asking nodes is only noted.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from twinkeel.app import kubespray as use_cases
from twinkeel.app.context import Context
from twinkeel.cli import kubespray
from twinkeel.errors import HostError, SpecError, ToolError
from twinkeel.kubespray.workflow import Procedure
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology

SPEC = """\
name: order
domain: example.org
endpoint: {name: api.example.org, vip: 192.0.2.100/24}
load_balancers: {lb-1: 192.0.2.1, lb-2: 192.0.2.2}
control_plane: {cp-1: 192.0.2.11, cp-2: 192.0.2.12, cp-3: 192.0.2.13}
workers: {w-1: 192.0.2.21, w-2: 192.0.2.22}
services: {web: {port: 80, targets: [workers]}}
haproxy: {metrics: {address: host, user: prometheus}}
"""
PROGRAM = """\
#!{python}
import pathlib, sys
playbook = sys.argv[-1].rpartition("/")[2]
with open({noted!r}, "a") as noted:
    noted.write(playbook + "\\n")
sys.exit(4 if pathlib.Path({noted!r} + "-fails").exists() else 0)
"""
Run = Callable[..., list[str]]


@pytest.fixture
def noted(tmp_path: Path) -> Path:
    return tmp_path / "noted"


@pytest.fixture
def run(tmp_path: Path, noted: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    release = tmp_path / "twinkeel/kubespray/v2.31.0"
    program = release / "environment/bin/ansible-playbook"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM.format(python=sys.executable, noted=str(noted)))
    program.chmod(0o755)
    (release / "checkout").mkdir()
    (release / "complete.json").write_text("{}")
    (tmp_path / "spec.yaml").write_text(SPEC)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    def note(text: str) -> None:
        with noted.open("a") as file:
            file.write(text + "\n")

    async def apply(topology: Topology, *_: object, secrets: Secrets | None = None, **__: object) -> None:
        assert secrets is not None
        assert secrets.metrics_password == os.environ["TWINKEEL_METRICS_PASSWORD"]
        web = topology.services[-1]
        names = [machine.name for machine in topology.control_plane] + [target.name for target in web.targets]
        note(f"apply {' '.join(names)}")

    async def check(_: Context, __: Procedure, *, skip_preflight: bool) -> None:
        note("guards" if skip_preflight else "preflight")

    monkeypatch.setenv("TWINKEEL_METRICS_PASSWORD", "of-the-environment")
    monkeypatch.setattr("twinkeel.rollout.apply.apply", apply)
    monkeypatch.setattr(use_cases, "_check", check)

    def typed(*arguments: str) -> list[str]:
        noted.unlink(missing_ok=True)
        CliRunner().invoke(kubespray.app, [*arguments, "-f", str(tmp_path / "spec.yaml")], catch_exceptions=False)
        return noted.read_text().splitlines() if noted.exists() else []

    return typed


ALL = "apply cp-1 cp-2 cp-3 w-1 w-2"


@pytest.mark.parametrize(
    ("arguments", "order"),
    [
        ("run", ["preflight", "cluster.yml", ALL]),
        ("run --skip-preflight --no-apply", ["guards", "cluster.yml"]),
        ("scale", ["preflight", "scale.yml", ALL]),
        ("scale w-2", ["preflight", "facts.yml", "scale.yml", ALL]),
        ("upgrade", ["preflight", "upgrade-cluster.yml"]),
        ("upgrade --skip-preflight", ["guards", "upgrade-cluster.yml"]),
        ("remove-node cp-2 cp-3", ["apply cp-1 w-1 w-2", "remove-node.yml"]),
        ("remove-node w-2 --dead", ["apply cp-1 cp-2 cp-3 w-1", "remove-node.yml"]),
        ("remove-node w-2 --no-apply", ["remove-node.yml"]),
        ("recover --broken cp-1", ["preflight", "recover-control-plane.yml", "apply cp-2 cp-3 cp-1 w-1 w-2"]),
        ("reset --confirm order", ["reset.yml"]),
    ],
)
def test_the_order(run: Run, arguments: str, order: list[str]) -> None:
    assert run(*arguments.split()) == order


@pytest.mark.parametrize(
    ("arguments", "order"),
    [
        ("run", ["preflight", "cluster.yml"]),
        ("scale w-2", ["preflight", "facts.yml"]),
        ("recover --broken cp-1", ["preflight", "recover-control-plane.yml"]),
        ("remove-node cp-2 cp-3", ["apply cp-1 w-1 w-2", "remove-node.yml"]),
    ],
)
def test_a_playbook_that_fails_is_the_last_step_and_the_same_command_goes_on(
    run: Run, noted: Path, arguments: str, order: list[str]
) -> None:
    fails = noted.with_name("noted-fails")
    fails.touch()
    with pytest.raises(ToolError, match="ansible-playbook ended with 4"):
        run(*arguments.split())
    assert noted.read_text().splitlines() == order
    fails.unlink()
    assert run(*arguments.split())[: len(order)] == order


def test_a_node_is_not_removed_while_the_load_balancers_still_have_it(
    run: Run, noted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise HostError("lb-2 does not answer")

    monkeypatch.setattr("twinkeel.rollout.apply.apply", fail)
    with pytest.raises(HostError, match="lb-2 does not answer"):
        run("remove-node", "cp-2", "cp-3")
    assert not noted.exists()


@pytest.mark.parametrize("arguments", ["run", "scale", "scale w-2", "upgrade", "remove-node w-2", "recover --broken cp-1"])
def test_a_password_that_is_missing_is_said_before_anything_is_run(
    run: Run, noted: Path, monkeypatch: pytest.MonkeyPatch, arguments: str
) -> None:
    monkeypatch.delenv("TWINKEEL_METRICS_PASSWORD")
    with pytest.raises(SpecError, match="metrics_password"):
        run(*arguments.split())
    assert not noted.exists()


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("run", ["cluster.yml"]),
        ("scale w-2", ["playbooks/facts.yml", "--limit w-2.example.org", "scale.yml"]),
        ("upgrade", ['{"kube_version": "1.35.4", "serial": 1}', "upgrade-cluster.yml"]),
        ("remove-node w-2", ['{"node": "w-2.example.org", "skip_confirmation": true}', "remove-node.yml"]),
        ("reset", ['{"reset_confirmation": true}', "reset.yml"]),
        ("recover --broken cp-1", ['"etcd_retries": 10', "recover-control-plane.yml"]),
    ],
)
def test_a_dry_run_prints_the_commands_and_runs_none(
    run: Run, noted: Path, tmp_path: Path, arguments: str, options: list[str]
) -> None:
    ended = CliRunner().invoke(kubespray.app, [*arguments.split(), "--dry-run", "-f", str(tmp_path / "spec.yaml")])
    run("reset", "--dry-run")
    assert not noted.exists()
    assert not (tmp_path / "twinkeel/clusters").exists()
    assert ended.exit_code == 0, ended.output
    places = [ended.output.index(option) for option in options]
    assert places == sorted(places)
    assert "ansible-playbook -i" in ended.output
