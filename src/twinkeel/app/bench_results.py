"""Use case: the table of what a bench measured; no host is asked."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinkeel.bench.results import all_measured, read_columns
from twinkeel.bench.table import EXPLANATION, EXPLANATION_OF_OPEN, as_markdown, as_object, remarks, rows, rows_of_open, trials
from twinkeel.drill.facts import read_facts


@dataclass(frozen=True)
class Table:
    """What a bench came to: tables of rows with a fault first, then a cell for each of `configurations`, each with what its figures
    are; `shown` is all of it for JSON.

    `complete`: every configuration was measured to its end, and every trial proves something.
    """

    configurations: tuple[str, ...]
    tables: tuple[tuple[tuple[tuple[str, ...], ...], str], ...]
    remarks: tuple[str, ...]
    as_json: dict[str, Any]
    complete: bool


def write_table(folder: Path) -> Table:
    """Evaluate a bench's histories, and write bench.json and bench.md beside them. Raises UsageError when there are none."""
    columns = read_columns(folder)
    as_json = as_object(columns)
    (folder / "bench.json").write_text(json.dumps(as_json, indent=2) + "\n", encoding="utf-8")
    (folder / "bench.md").write_text(as_markdown(columns, read_facts(folder)), encoding="utf-8")
    names = tuple(column.configuration.id for column in columns)
    explanation = f"{trials(columns)}. {EXPLANATION}"
    tables = [(tuple(rows(columns)), explanation), (tuple(rows_of_open(columns)), EXPLANATION_OF_OPEN)]
    return Table(names, tuple(each for each in tables if each[0]), tuple(remarks(columns)), as_json, all_measured(columns))
