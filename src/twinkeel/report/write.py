"""The three reports of a run, beside its histories: HTML for people, Markdown for a repository, JSON for a machine."""

import json
from pathlib import Path
from typing import Any

from twinkeel.drill.facts import RunFacts, read_facts
from twinkeel.drill.trial import Trial, read_trials
from twinkeel.report.html import headline, render_html
from twinkeel.report.streams import asked_by
from twinkeel.report.summary import HEADINGS, cells, summarize
from twinkeel.report.trials import markdown, markdown_row, trial_object

HTML_FILE, MARKDOWN_FILE, JSON_FILE = "report.html", "report.md", "report.json"


def write_reports(folder: Path) -> tuple[Trial, ...]:
    """Evaluate every trial below a folder anew and write the reports there.

    Raises:
        UsageError: the folder holds no trials.
        ExtraMissingError: there is no HTML without Plotly; the other two were written.
    """
    trials, facts = read_trials(folder), read_facts(folder)
    (folder / MARKDOWN_FILE).write_text(as_markdown(trials, facts), encoding="utf-8")
    (folder / JSON_FILE).write_text(json.dumps(as_object(trials, facts), indent=2) + "\n", encoding="utf-8")
    # Last: Markdown and JSON need no library that may be missing.
    (folder / HTML_FILE).write_text(render_html(folder, facts), encoding="utf-8")
    return trials


def as_markdown(trials: tuple[Trial, ...], facts: RunFacts) -> str:
    """The headline, a line for each scenario, and a line for each trial."""
    summaries = summarize(trials)
    table = [markdown_row(HEADINGS), markdown_row("---" for _ in HEADINGS), *(markdown_row(cells(each)) for each in summaries)]
    details = [f"- {name}: {value}" for name, value in facts.details.items()]
    parts = [
        f"# Drills of {facts.cluster}",
        f"{facts.started}, Twinkeel {facts.twinkeel}",
        headline(summaries),
        f"New connections asked {asked_by(trials)}.",
        "\n".join(table),
        "## Every trial",
        markdown(trials).rstrip(),
        *(["## What was drilled", "\n".join(details)] if details else []),
    ]
    return "\n\n".join(parts) + "\n"


def as_object(trials: tuple[Trial, ...], facts: RunFacts) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "cluster": facts.cluster,
        "started": facts.started,
        "twinkeel": facts.twinkeel,
        "details": facts.details,
        "summaries": [vars(summary) for summary in summarize(trials)],
        "trials": [trial_object(trial) for trial in trials],
    }
