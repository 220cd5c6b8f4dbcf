"""A row of panels, a panel, a query of one: what `dashboard` draws."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from twinkeel.monitor.alert import always
from twinkeel.monitor.subject import Subject

Kind = Literal["stat", "state-timeline", "timeseries", "table"]
Step = tuple[float | None, str]


@dataclass(frozen=True)
class Query:
    """One query and what its series are called, as Grafana writes it."""

    expr: Callable[[Subject], str]
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel. `unit` is Grafana's name; `width` is of 24 columns; `texts` maps values to a text and a colour."""

    title: str
    kind: Kind
    width: int
    queries: tuple[Query, ...]
    describes: str
    unit: str = "short"
    steps: tuple[Step, ...] = ((None, "green"),)
    texts: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    decimals: int | None = None
    columns: tuple[str, ...] = ()
    """Of a table, in their order."""
    sort: str = ""
    """The column that a table is sorted by."""
    names: bool = False
    """The series' names are what is shown, not their values."""
    applies: Callable[[Subject], bool] = always


@dataclass(frozen=True)
class Row:
    """Panels under one heading, each `height` rows of Grafana's grid high."""

    title: str
    height: int
    panels: tuple[Panel, ...]
