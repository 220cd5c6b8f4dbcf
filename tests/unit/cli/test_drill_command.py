"""What `twinkeel drill run` makes of its arguments, before anything is broken."""

from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.cli import drill_run
from twinkeel.cli.load import load_topology
from twinkeel.drill.faults.registry import FAULTS
from twinkeel.errors import UsageError
from twinkeel.topology.model import PowerControl, Topology

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab-home.yaml"


@pytest.fixture(scope="module")
def topology() -> Topology:
    return load_topology(EXAMPLE)


def chosen(topology: Topology, *names: str, budget: float | None = None) -> list[str]:
    return [fault.id for fault in drill_run._chosen(names, budget, topology)]


def test_all_is_what_can_run_here_and_be_survived(topology: Topology) -> None:
    without_power = chosen(topology, "all")
    assert "haproxy-stop" in without_power
    assert "power-loss" not in without_power
    with_power = chosen(replace(topology, power=PowerControl("off", "on")), "all")
    assert "power-loss" in with_power
    fatal = {fault.id for fault in FAULTS if not fault.survivable}
    assert fatal
    assert fatal.isdisjoint(with_power)
    assert "all-api-servers-lost" in chosen(topology, "all", "all-api-servers-lost")


def test_the_budget_of_the_command_line_comes_before_the_specs(topology: Topology) -> None:
    strict = replace(topology, budgets={"haproxy-stop": 70.0})
    assert [fault.budget_ms for fault in drill_run._chosen(["haproxy-stop"], None, strict)] == [70]
    assert [fault.budget_ms for fault in drill_run._chosen(["haproxy-stop"], 12, strict)] == [12]


def test_power_commands_come_in_pairs(topology: Topology) -> None:
    assert drill_run._with_power(topology, None, None) is topology
    assert drill_run._with_power(topology, "off {host}", "on {host}").power == PowerControl("off {host}", "on {host}")
    for half in (("off", None), (None, "on"), ("off", "")):
        with pytest.raises(UsageError, match="must be switched on again"):
            drill_run._with_power(topology, *half)


def test_kubectl_that_is_not_there_is_said_before_anything_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="no kubectl"):
        drill_run._kubectl()
