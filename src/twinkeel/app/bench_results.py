"""Use cases about a bench that touch no host: which configurations there are, and the table of what was measured."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinkeel.bench.configurations import CONFIGURATIONS, Configuration, chosen
from twinkeel.bench.load_generator import require_generator
from twinkeel.bench.results import all_measured, read_columns
from twinkeel.bench.table import EXPLANATION, as_markdown, as_object, remarks, rows, trials
from twinkeel.drill.facts import read_facts
from twinkeel.drill.fault import Fault
from twinkeel.drill.faults.registry import find_fault

__all__ = ["CONFIGURATIONS", "Configuration", "Table", "chosen", "find_faults", "require_generator", "write_table"]


@dataclass(frozen=True)
class Table:
    """What a bench came to: `rows` with a fault first, then a cell for each of `configurations`; `shown` is all of it for JSON.

    `complete`: every configuration was measured to its end, and every trial proves something.
    """

    configurations: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    explanation: str
    remarks: tuple[str, ...]
    shown: dict[str, Any]
    complete: bool


def find_faults(names: list[str]) -> tuple[Fault, ...]:
    """The scenarios in a list whose items may hold several, with commas between them. Raises UsageError."""
    return tuple(find_fault(name) for part in names for name in part.split(",") if name)


def write_table(folder: Path) -> Table:
    """Judge a bench's histories, and write bench.json and bench.md beside them. Raises UsageError when there are none."""
    columns = read_columns(folder)
    shown = as_object(columns)
    (folder / "bench.json").write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")
    (folder / "bench.md").write_text(as_markdown(columns, read_facts(folder)), encoding="utf-8")
    names = tuple(column.configuration.id for column in columns)
    explanation = f"{trials(columns)}. {EXPLANATION}"
    return Table(names, tuple(rows(columns)), explanation, tuple(remarks(columns)), shown, all_measured(columns))
