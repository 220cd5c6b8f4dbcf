"""What a person may choose for a drill: its scenarios with their budgets, power commands, and kubectl."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from twinkeel.drill.fault import Fault
from twinkeel.drill.faults.registry import DEFAULT, FAULTS, find_fault
from twinkeel.drill.prerequisites import missing
from twinkeel.errors import UsageError
from twinkeel.topology.model import Topology
from twinkeel.topology.primary_vip import with_primary_vip
from twinkeel.topology.settings import PowerControl

if TYPE_CHECKING:
    from twinkeel.app.context import Context

__all__ = ["FAULTS", "choose_faults", "find_kubectl", "measuring", "with_power"]


def measuring(context: "Context", vip: str) -> "Context":
    """The same, with the virtual IP first that is measured and whose holder is broken. Raises UsageError for an unknown one."""
    return replace(context, topology=with_primary_vip(context.topology, vip))


def with_power(context: "Context", off: str | None, on: str | None) -> "Context":
    """The same with these power commands, when they were given. Raises UsageError for one without the other."""
    if off is None and on is None:
        return context
    if not off or not on:
        raise UsageError("a host that is switched off must be switched on again", hint="give both power commands, or neither")
    return replace(context, topology=replace(context.topology, power=PowerControl(off, on)))


def choose_faults(names: Sequence[str], budget: float | None, topology: Topology) -> tuple[Fault, ...]:
    """The scenarios that were named, each with its budget: the caller's, else the spec's, else its own. Milliseconds.

    Raises:
        UsageError: there is no such scenario.
    """
    budgets = {find_fault(name).id: limit for name, limit in topology.budgets.items()}
    if "all" in names:
        # What takes the whole API away for a time is done only when it is asked for by its name.
        can = [fault for fault in FAULTS if all(missing(prerequisite, topology) is None for prerequisite in fault.prerequisites)]
        faults = tuple(fault for fault in can if fault.survivable or fault.id in names)
    else:
        faults = tuple(find_fault(name) for name in names or DEFAULT)
    return tuple(replace(fault, budget_ms=budgets.get(fault.id, fault.budget_ms) if budget is None else budget) for fault in faults)


def find_kubectl() -> str:
    """Where it is. Raises UsageError when there is none."""
    found = shutil.which("kubectl")
    if found is None:
        raise UsageError("there is no kubectl on PATH", hint="install it, or leave --kubectl out")
    return found
