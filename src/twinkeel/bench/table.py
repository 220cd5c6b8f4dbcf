"""The one table: a row for each fault, a column for each configuration. Pure."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from twinkeel.bench.results import COUNTED, Column, Result
from twinkeel.drill.facts import RunFacts

NOT_TRIED = "-"
NOT_KNOWN = "unknown"
EXPLANATION = (
    "Downtime in ms, median / maximum of the trials; `> N s`: not served again within N seconds, then healed. For "
    f"{', '.join(COUNTED)}: failed requests a trial, of 100 a second on new connections, median / maximum."
)

EXPLANATION_OF_OPEN = (
    "What the client had open when the fault came (kept, idle, an upload, a long answer, an HTTP/2 connection with three streams, "
    "a watch): connections that broke a trial, median / maximum; then requests that failed on them."
)


def rows(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """The fault's id and a cell for each configuration, in the order in which faults were first tried."""
    scenarios = dict.fromkeys(result.scenario for column in columns for result in column.results)
    return [(scenario, *(_cell_of(column, scenario) for column in columns)) for scenario in scenarios]


def rows_of_open(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """The same of what the client had open; without faults of which nothing of that is known."""
    scenarios = dict.fromkeys(each.scenario for column in columns for each in column.results if each.broken_median is not None)
    return [(scenario, *(_open_cell_of(column, scenario) for column in columns)) for scenario in scenarios]


def _result_of(column: Column, scenario: str) -> Result | None:
    return next((each for each in column.results if each.scenario == scenario), None)


def _cell_of(column: Column, scenario: str) -> str:
    result = _result_of(column, scenario)
    return NOT_TRIED if result is None else cell(result)


def _open_cell_of(column: Column, scenario: str) -> str:
    result = _result_of(column, scenario)
    return NOT_TRIED if result is None else open_cell(result)


def open_cell(result: Result) -> str:
    """`4 / 6, 3 / 5`: connections that broke, requests that failed on them."""
    if result.broken_median is None or result.cut_median is None:
        return NOT_KNOWN
    return f"{result.broken_median:.0f} / {result.broken_max}, {result.cut_median:.0f} / {result.cut_max}"


def cell(result: Result) -> str:
    """`31 / 32`; `> 45 s` for a fault that was never got over; `376 / 380, > 45 s` where requests are counted."""
    share = "" if not result.unknown else f" ({result.trials - result.unknown} of {result.trials})"
    if result.unknown == result.trials:
        return NOT_KNOWN
    if result.scenario in COUNTED:
        endless = f", > {result.deadline:g} s" if result.never else ""
        return f"{result.failed_median:.0f} / {result.failed_max}{endless}{share}"
    if result.median_ms is None or result.max_ms is None:
        return NOT_KNOWN
    beyond = f"> {result.deadline:g} s"
    if 2 * result.never > result.trials - result.unknown:
        return f"{beyond}{share}"
    longest = beyond if result.never else f"{result.max_ms:.0f}"
    return f"{result.median_ms:.0f} / {longest}{share}"


def remarks(columns: Sequence[Column]) -> list[str]:
    """What must be known beside the figures: checkers' complaints, and what was not measured."""
    lines = []
    for column in columns:
        name = column.configuration.id
        lines += [f"{name}: {complaint} (it runs all the same)" for complaint in column.note.complaints]
        lines += [f"{name}: not measured to the end: {column.note.trouble}"] if column.note.trouble else []
    return lines


def as_markdown(columns: Sequence[Column], facts: RunFacts) -> str:
    """The table, its explanation, the remarks, what it was measured on, and the sources."""
    heads = ["fault", *(column.configuration.id for column in columns)]
    table = [heads, ["---"] * len(heads), *rows(columns)]
    lines = [EXPLANATION, "", *(f"| {' | '.join(row)} |" for row in table), ""]
    if kept := rows_of_open(columns):
        lines += [EXPLANATION_OF_OPEN, "", *(f"| {' | '.join(row)} |" for row in [*table[:2], *kept]), ""]
    lines += [f"- {remark}" for remark in remarks(columns)]
    lines += ["", f"Measured {facts.started}, {trials(columns)}.", ""]
    lines += [f"- {name}: {value}" for name, value in facts.details.items() if name != "profile"]
    lines += ["", "Sources:", ""]
    lines += [f"- `{each.configuration.id}`: {each.configuration.title}. {each.configuration.source}." for each in columns]
    return "\n".join(lines) + "\n"


def trials(columns: Sequence[Column]) -> str:
    """How often each fault was tried: `3 trials of each fault`, or `1 to 3 trials` where a configuration was broken off."""
    counts = {result.trials for column in columns for result in column.results} or {0}
    least, most = min(counts), max(counts)
    number = str(most) if least == most else f"{least} to {most}"
    return f"{number} trial{'s' if most != 1 else ''} of each fault"


def as_object(columns: Sequence[Column]) -> dict[str, Any]:
    """What `--format json` prints."""
    return {
        "configurations": [
            {
                "id": column.configuration.id,
                "title": column.configuration.title,
                "source": column.configuration.source,
                "differs": list(column.configuration.differs),
                "complaints": list(column.note.complaints),
                "trouble": column.note.trouble,
            }
            for column in columns
        ],
        "results": [asdict(result) for column in columns for result in column.results],
    }
