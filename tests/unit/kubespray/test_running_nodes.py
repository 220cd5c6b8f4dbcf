"""A running cluster's nodes keep their names."""

import asyncio
import json
from collections.abc import Callable, Sequence

import pytest

from twinkeel.errors import HostError, UsageError
from twinkeel.hosts.executor import CommandResult
from twinkeel.kubespray.running_nodes import guard_node_names, running_nodes
from twinkeel.render.render import render
from twinkeel.topology.model import Machine, Topology

Edited = Callable[..., Topology]
SHORT = ("network_plugin: calico", "network_plugin: calico, node_names: short")


class Hosts:
    """What each control-plane host answers: names, an exit code, or nothing at all."""

    def __init__(self, **answers: list[str] | int | None) -> None:
        self.answers = answers

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = 1) -> CommandResult:
        answer = self.answers[machine.name.replace("-", "_")]
        if answer is None:
            raise HostError("no route", where=machine.name)
        if isinstance(answer, int):
            return CommandResult(machine.name, tuple(argv), answer, "", "refused")
        items = [{"metadata": {"name": name}} for name in answer]
        return CommandResult(machine.name, tuple(argv), 0, json.dumps({"items": items}), "")


def ask(topology: Topology, **answers: list[str] | int | None) -> frozenset[str]:
    return asyncio.run(running_nodes(topology, Hosts(**answers)))  # type: ignore[arg-type]


def test_the_first_host_that_can_tells(lab_home_topology: Topology) -> None:
    assert ask(lab_home_topology, master_1=None, master_2=1, master_3=["a", "b"]) == {"a", "b"}
    assert ask(lab_home_topology, master_1=44, master_2=44, master_3=44) == frozenset()
    with pytest.raises(HostError, match="no route"):
        ask(lab_home_topology, master_1=None, master_2=44, master_3=44)


@pytest.mark.parametrize("running", [[], ["master-1.lab-home.com", "worker-2.lab-home.com"], ["elsewhere"]])
def test_the_same_names_new_nodes_and_nodes_of_others_are_fine(lab_home_topology: Topology, running: list[str]) -> None:
    guard_node_names(lab_home_topology, running)


@pytest.mark.parametrize(
    ("edits", "running", "hint"),
    [
        ((), ["master-1", "worker-1"], "node_names: short"),
        ((SHORT,), ["master-1.lab-home.com"], "node_names: full"),
        ((), ["master-1.old.example.org", "worker-1.lab-home.com"], "`domain`"),
    ],
)
def test_another_name_for_a_running_node_is_refused(
    build_edited: Edited, edits: tuple[tuple[str, str], ...], running: list[str], hint: str
) -> None:
    with pytest.raises(UsageError, match="Kubespray would make it anew") as caught:
        guard_node_names(build_edited(*edits), running)
    assert hint in caught.value.hint


def test_after_its_hint_the_refusal_is_gone_and_the_inventory_has_short_names(build_edited: Edited) -> None:
    topology = build_edited(SHORT)
    guard_node_names(topology, ["master-1", "worker-1"])
    hosts = next(file.content for file in render(topology).kubespray if file.path == "hosts.yaml")
    assert "master-1:" in hosts
    assert "master-1.lab-home.com" not in hosts
