"""What is made of the arguments of `twinkeel drill run`, before anything is broken."""

from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.app.context import Context
from twinkeel.app.drill_choice import choose_faults, find_kubectl, measuring, with_power
from twinkeel.cli.load import open_context
from twinkeel.drill.faults.registry import FAULTS
from twinkeel.errors import UsageError
from twinkeel.topology.model import Topology
from twinkeel.topology.settings import PowerControl

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab-home.yaml"


@pytest.fixture(scope="module")
def context() -> Context:
    return open_context(EXAMPLE)


@pytest.fixture(scope="module")
def topology(context: Context) -> Topology:
    return context.topology


def chosen(topology: Topology, *names: str, budget: float | None = None) -> list[str]:
    return [fault.id for fault in choose_faults(names, budget, topology)]


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
    assert [fault.budget_ms for fault in choose_faults(["haproxy-stop"], None, strict)] == [70]
    assert [fault.budget_ms for fault in choose_faults(["haproxy-stop"], 12, strict)] == [12]


def test_power_commands_come_in_pairs(context: Context) -> None:
    assert with_power(context, None, None) is context
    assert with_power(context, "off {host}", "on {host}").topology.power == PowerControl("off {host}", "on {host}")
    for half in (("off", None), (None, "on"), ("off", "")):
        with pytest.raises(UsageError, match="must be switched on again"):
            with_power(context, *half)


def test_an_unknown_virtual_ip_is_not_measured(context: Context) -> None:
    assert measuring(context, "192.168.1.110").topology.endpoint.vip.ip == context.topology.endpoint.vip.ip
    with pytest.raises(UsageError):
        measuring(context, "192.0.2.77")


def test_kubectl_that_is_not_there_is_said_before_anything_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="no kubectl"):
        find_kubectl()
