"""The page of `twinkeel tune --plot`."""

from twinkeel.report.page import render_page
from twinkeel.report.tune_figures import delays_figure, intervals_figure
from twinkeel.report.tune_words import HEADINGS, answer, cells, explained, measured
from twinkeel.tune.evaluate import Tuning


def render_tune_page(tuning: Tuning) -> str:
    """One HTML file. Raises ExtraMissingError without Plotly."""
    header = tuning.recording.header
    return render_page(
        "tune.html.j2",
        {"intervals": intervals_figure(tuning), "delays": delays_figure(tuning)},
        header=header,
        headline=answer(tuning),
        verdict="fail" if tuning.too_short else "pass",
        explained=explained(tuning),
        period=f"{header.period * 1000:g}",
        headings=HEADINGS,
        rows=[cells(choice, tuning) for choice in tuning.choices],
        measured=list(measured(tuning)),
    )
