"""One trial on a time line: requests, who held the virtual IP, the watch, VRRP states, servers, nodes; a Plotly figure in values.

Times on the axis are milliseconds from the fault. The figure has no colours of its own for text and lines: the page sets them for
light and dark.
"""

from collections.abc import Iterator
from typing import Any

from twinkeel.drill.checker import served
from twinkeel.drill.history import MILLISECOND, Event, History, Request
from twinkeel.drill.streams import KINDS
from twinkeel.drill.vip_ownership import ownership_intervals

BEFORE_MS = 500
AFTER_MS = 1500
GOOD, BAD, SLOW = "#2e9e5b", "#d64545", "#d99a1c"
HOLDER_COLOURS = ("#3b7dd8", "#8a5cc7", "#1c9aa8", "#b0723a")
# The time line's lowest axis at least, a row of it, and the two above it with the room between them.
LOWEST_PIXELS, TIMELINE_ROW_PIXELS, OTHERS_PIXELS = 108, 18, 278
# The distribution's parts, from its top to its bottom; the legend's distance is from the axis.
ABOVE_PIXELS, ROW_PIXELS, BELOW_PIXELS, LEGEND_PIXELS = 10, 34, 90, 55

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
    data += [*_holders(history, fault.at, end), *_watch(history, fault.at, end), *_kubectl(shown, fault.at)]
    data += _streams(shown, fault.at, end)
    data += _marks(history, fault.at, end)
    rows = {name for each in data if each["yaxis"] == "y" for name in each["y"]}
    return {"data": data, "layout": _layout(history, fault, end, len(rows))}


def _ms(at: int, zero: int) -> float:
    return round((at - zero) / MILLISECOND, 1)


def _end(history: History, zero: int) -> float:
    """A while after the last request that was not served, so that the recovery is seen."""
    asked = [request for request in history.requests if request.stream in ("new", "kept") and request.start >= zero]
    bad = [_ms(request.end, zero) for request in asked if not served(request)]
    back = [_ms(event.at, zero) for event in history.events if event.name == "watch-up"]
    return max([*bad, *back, 0.0]) + AFTER_MS


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
    hosts = sorted({host for interval in ownership_intervals(history) for host in interval.holders})
    for number, host in enumerate(hosts):
        starts, lengths = [], []
        for interval in ownership_intervals(history):
            start, stop = max(_ms(interval.start, zero), -BEFORE_MS), min(_ms(interval.end, zero), end)
            if host in interval.holders and stop > start:
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


def _bars(row: str, spans: list[tuple[float, float, str]], colour: str, before: float, end: float) -> Figure:
    """Bars from one time to another on a row of the lowest axis, each with its words."""
    inside = [(max(start, before), min(stop, end), words) for start, stop, words in spans if stop > before and start < end]
    return {
        "type": "bar",
        "orientation": "h",
        "name": row,
        "x": [round(stop - start, 1) for start, stop, _ in inside],
        "base": [start for start, _, _ in inside],
        "y": [row] * len(inside),
        "text": [words for _, _, words in inside],
        "textposition": "none",
        "hovertemplate": f"{row}: %{{text}}<extra></extra>",
        "marker": {"color": colour},
        "yaxis": "y",
        "showlegend": False,
    }


def _watch(history: History, zero: int, end: float) -> Iterator[Figure]:
    """When the watch was established."""
    spans: list[tuple[float, float, str]] = []
    up: float | None = None
    for event in history.events:
        if event.name == "watch-up":
            up = _ms(event.at, zero)
        elif event.name == "watch-down" and up is not None:
            spans.append((up, _ms(event.at, zero), f"broken at {_ms(event.at, zero):g} ms ({event.data.get('error')})"))
            up = None
    if up is not None:
        spans.append((up, end, f"established at {up:g} ms"))
    if spans:
        yield _bars("watch", spans, GOOD, -BEFORE_MS, end)


def _kubectl(shown: list[Request], zero: int) -> Iterator[Figure]:
    """Every run: how long it took, and what came of it."""
    runs = [request for request in shown if request.stream == "kubectl"]
    for colour, some in ((GOOD, [run for run in runs if not run.error]), (BAD, [run for run in runs if run.error])):
        if some:
            spans = [(_ms(run.start, zero), _ms(run.end, zero), run.error or "succeeded") for run in some]
            yield _bars("kubectl", spans, colour, -BEFORE_MS, spans[-1][1])


def _streams(shown: list[Request], zero: int, end: float) -> Iterator[Figure]:
    """The other streams, a row each: their requests from start to end, those that failed over the others."""
    for kind in KINDS:
        asked = [request for request in shown if request.stream == kind.name and kind.name not in ("new", "kept")]
        for colour, some in ((GOOD, [each for each in asked if not each.error]), (BAD, [each for each in asked if each.error])):
            if some:
                spans = [(_ms(each.start, zero), _ms(each.end, zero), each.error or "answered") for each in some]
                yield _bars(kind.title, spans, colour, -BEFORE_MS, end)


def _marks(history: History, zero: int, end: float) -> Iterator[Figure]:
    """What load balancers said: VRRP states, and servers going up and down; and what the API said of nodes."""
    reported = [event for event in history.events if event.name in ("vrrp", "server", "node") and not event.data.get("first")]
    labelled = [(event, _words(event)) for event in reported]
    inside = [(event, words) for event, words in labelled if -BEFORE_MS <= _ms(event.at, zero) <= end]
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
    if event.name == "node":
        return "is Ready" if event.data.get("ready") else "is not Ready"
    return f"sees {event.data.get('server')} {event.data.get('state')}"


def _layout(history: History, fault: Event, end: float, rows: int) -> Figure:
    """`rows` are those of the lowest axis: the more, the higher the figure."""
    lowest = max(LOWEST_PIXELS, TIMELINE_ROW_PIXELS * rows)
    inside = lowest + OTHERS_PIXELS
    kept, new = [lowest + 19, lowest + 100], [lowest + 123, inside]
    lines = [(0.0, "fault")]
    heal = history.event("heal")
    if heal is not None and _ms(heal.at, fault.at) <= end:
        lines.append((_ms(heal.at, fault.at), "heal"))
    return {
        "height": inside + 94,
        "margin": {"l": 70, "r": 10, "t": 24, "b": 70},
        "bargap": 0.3,
        "barmode": "overlay",
        "hovermode": "closest",
        "legend": {"orientation": "h", "y": -LEGEND_PIXELS / inside, "x": 0, "xanchor": "left"},
        "xaxis": {"title": {"text": "ms from the fault"}, "range": [-BEFORE_MS, end], "anchor": "y"},
        "yaxis": {"domain": [0.0, lowest / inside], "dtick": 1, "type": "category", "automargin": True},
        "yaxis2": {"domain": [each / inside for each in kept], "title": {"text": "kept, ms"}, "rangemode": "tozero"},
        "yaxis3": {"domain": [each / inside for each in new], "title": {"text": "new, ms"}, "rangemode": "tozero"},
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
    rows = ROW_PIXELS * (len(names) + 1)
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
            "height": rows + ABOVE_PIXELS + BELOW_PIXELS,
            "margin": {"l": 10, "r": 10, "t": ABOVE_PIXELS, "b": BELOW_PIXELS},
            # In parts of the plot's height, below the axis and its title whatever the number of rows.
            "legend": {"orientation": "h", "y": -LEGEND_PIXELS / rows, "x": 0},
            "xaxis": {"type": "log", "title": {"text": "downtime, ms (1 stands for less than 1)"}},
            "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
        },
    }
