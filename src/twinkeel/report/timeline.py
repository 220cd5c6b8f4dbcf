"""One trial on a time line: requests, who held the virtual IP, VRRP states and servers, as a Plotly figure in plain values.

Times on the axis are milliseconds from the fault. The figure has no colours of its own for text and lines: the page sets them for
light and dark.
"""

from collections.abc import Iterator
from typing import Any

from twinkeel.drill.checker import served
from twinkeel.drill.history import MILLISECOND, Event, History, Request
from twinkeel.drill.holding import spells_of

BEFORE_MS = 500
AFTER_MS = 1500
GOOD, BAD, SLOW = "#2e9e5b", "#d64545", "#d99a1c"
HOLDER_COLOURS = ("#3b7dd8", "#8a5cc7", "#1c9aa8", "#b0723a")

Figure = dict[str, Any]


def timeline(history: History) -> Figure | None:
    """`data` and `layout` for Plotly; None when the history knows of no fault."""
    fault = history.event("fault")
    if fault is None:
        return None
    end = _end(history, fault.at)
    shown = [request for request in history.requests if -BEFORE_MS <= _ms(request.start, fault.at) <= end]
    new = [request for request in shown if request.stream == "new"]
    kept = [request for request in shown if request.stream == "kept"]
    data = [*_requests(new, fault.at, "new connections", 3), *_requests(kept, fault.at, "kept connection", 2)]
    data += [*_holders(history, fault.at, end), *_marks(history, fault.at, end)]
    return {"data": data, "layout": _layout(history, fault, end)}


def _ms(at: int, zero: int) -> float:
    return round((at - zero) / MILLISECOND, 1)


def _end(history: History, zero: int) -> float:
    """A while after the last request that was not served, so that the recovery is seen."""
    bad = [_ms(request.end, zero) for request in history.requests if not served(request) and request.start >= zero]
    return max([*bad, 0.0]) + AFTER_MS


def _requests(requests: list[Request], zero: int, name: str, row: int) -> Iterator[Figure]:
    groups = {
        "served": (GOOD, [each for each in requests if served(each)]),
        "slow": (SLOW, [each for each in requests if not each.error and not served(each)]),
        "failed": (BAD, [each for each in requests if each.error]),
    }
    for kind, (colour, some) in groups.items():
        if some:
            yield {
                "type": "scattergl" if len(some) > 2000 else "scatter",
                "mode": "markers",
                "name": f"{name}: {kind}",
                "x": [_ms(each.start, zero) for each in some],
                "y": [round((each.end - each.start) / MILLISECOND, 1) for each in some],
                "text": [each.error or kind for each in some],
                "hovertemplate": "%{x} ms: %{text}, took %{y} ms<extra></extra>",
                "marker": {"color": colour, "size": 5 if row == 3 else 7, "symbol": "circle" if row == 3 else "diamond"},
                "yaxis": f"y{row}" if row > 1 else "y",
                "legendgroup": kind,
                "showlegend": row == 3,
            }


def _holders(history: History, zero: int, end: float) -> Iterator[Figure]:
    """A bar for each time in which a load balancer held the virtual IP."""
    hosts = sorted({host for spell in spells_of(history) for host in spell.holders})
    for number, host in enumerate(hosts):
        starts, lengths = [], []
        for spell in spells_of(history):
            start, stop = max(_ms(spell.start, zero), -BEFORE_MS), min(_ms(spell.end, zero), end)
            if host in spell.holders and stop > start:
                starts.append(start)
                lengths.append(round(stop - start, 1))
        yield {
            "type": "bar",
            "orientation": "h",
            "name": host,
            "x": lengths,
            "base": starts,
            "y": [host] * len(starts),
            "hovertemplate": f"{host} held the virtual IP for %{{x}} ms<extra></extra>",
            "marker": {"color": HOLDER_COLOURS[number % len(HOLDER_COLOURS)]},
            "yaxis": "y",
            "showlegend": False,
        }


def _marks(history: History, zero: int, end: float) -> Iterator[Figure]:
    """What load balancers said: VRRP states, and servers going up and down."""
    said = [(event, _words(event)) for event in history.events if event.name in ("vrrp", "server")]
    inside = [(event, words) for event, words in said if -BEFORE_MS <= _ms(event.at, zero) <= end]
    if inside:
        yield {
            "type": "scatter",
            "mode": "markers",
            "name": "states",
            "x": [_ms(event.at, zero) for event, _ in inside],
            "y": [str(event.data.get("host")) for event, _ in inside],
            "text": [words for _, words in inside],
            "hovertemplate": "%{x} ms: %{y} %{text}<extra></extra>",
            "marker": {"symbol": "line-ns-open", "size": 16, "color": "#888888", "line": {"width": 2}},
            "yaxis": "y",
            "showlegend": False,
        }


def _words(event: Event) -> str:
    if event.name == "vrrp":
        return f"became {event.data.get('state')}"
    return f"sees {event.data.get('server')} {event.data.get('state')}"


def _layout(history: History, fault: Event, end: float) -> Figure:
    lines = [(0.0, "fault")]
    heal = history.event("heal")
    if heal is not None and _ms(heal.at, fault.at) <= end:
        lines.append((_ms(heal.at, fault.at), "heal"))
    return {
        "height": 420,
        "margin": {"l": 70, "r": 10, "t": 24, "b": 70},
        "bargap": 0.3,
        "barmode": "overlay",
        "hovermode": "closest",
        "legend": {"orientation": "h", "y": -0.16, "x": 0, "xanchor": "left"},
        "xaxis": {"title": {"text": "ms from the fault"}, "range": [-BEFORE_MS, end], "anchor": "y"},
        "yaxis": {"domain": [0.0, 0.22], "title": {"text": "virtual IP"}, "type": "category"},
        "yaxis2": {"domain": [0.28, 0.52], "title": {"text": "kept, ms"}, "rangemode": "tozero"},
        "yaxis3": {"domain": [0.58, 1.0], "title": {"text": "new, ms"}, "rangemode": "tozero"},
        "shapes": [_line(at) for at, _ in lines],
        "annotations": [_label(at, text) for at, text in lines],
    }


def _line(at: float) -> Figure:
    look = {"dash": "dot", "width": 1, "color": "#888888"}
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": look}


def _label(at: float, text: str) -> Figure:
    return {"x": at, "y": 1, "yref": "paper", "text": text, "showarrow": False, "xanchor": "left", "yanchor": "bottom"}


def distribution(times: dict[str, list[float]], budgets: dict[str, float | None]) -> Figure:
    """Every trial's downtime as a dot, one row a scenario, with the budget as a line; the axis is logarithmic."""
    names = list(times)
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "name": "trials",
                "x": [max(value, 1.0) for name in names for value in times[name]],
                "y": [name for name in names for _ in times[name]],
                "hovertemplate": "%{y}: %{x} ms<extra></extra>",
                "marker": {"size": 9, "opacity": 0.6, "color": HOLDER_COLOURS[0]},
            },
            {
                "type": "scatter",
                "mode": "markers",
                "name": "budget",
                "x": [budgets[name] for name in names if budgets[name]],
                "y": [name for name in names if budgets[name]],
                "hovertemplate": "%{y}: budget %{x} ms<extra></extra>",
                "marker": {"symbol": "line-ns-open", "size": 18, "color": BAD, "line": {"width": 3}},
            },
        ],
        "layout": {
            "height": 130 + 34 * len(names),
            "margin": {"l": 10, "r": 10, "t": 10, "b": 80},
            "legend": {"orientation": "h", "y": -0.5, "x": 0},
            "xaxis": {"type": "log", "title": {"text": "downtime, ms (1 stands for less than 1)"}},
            "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
        },
    }
