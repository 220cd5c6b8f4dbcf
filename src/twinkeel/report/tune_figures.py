"""The plots of `twinkeel tune`, as values for Plotly: how often which delay came, and what that means for each interval."""

from collections.abc import Sequence
from math import log10

from twinkeel.report.timeline import BAD, GOOD, HOLDER_COLOURS, Figure
from twinkeel.tune.evaluate import YEAR, Choice, Direction, Tuning, curve

HOUR = 3600.0
# What is rarer is no longer a figure of this measurement.
RAREST_A_YEAR = 1e-2
MILLISECONDS = 1000
POINTS = 60


def delays_figure(tuning: Tuning) -> Figure:
    """Both axes logarithmic: delay in milliseconds, and how many an hour were longer; dashed is the tail, continued."""
    data = []
    for number, direction in enumerate(tuning.directions):
        data += _direction(direction, HOLDER_COLOURS[number % len(HOLDER_COLOURS)])
    lines = [_upright(tuning.current.allowed * MILLISECONDS, "in force", BAD)]
    if tuning.recommended is not None and tuning.recommended != tuning.current:
        lines.append(_upright(tuning.recommended.allowed * MILLISECONDS, "recommended", GOOD))
    return _figure(data, lines, "a delay of, ms", "longer ones an hour", [], None)


def _direction(direction: Direction, colour: str) -> list[Figure]:
    delays, tail = direction.delays, direction.tail
    name = f"{delays.sender} to {delays.receiver}, {delays.phase}"
    count = len(delays.maxima)
    # The last one is longer than no other: its step begins at one event.
    rates = [(count - place) / delays.seconds * HOUR for place in range(count)]
    kept = range(0, count, max(count // 500, 1)) if count > 1000 else range(count)
    steps = sorted({*kept, *range(max(count - 200, 0), count)})
    found = _trace(name, [delays.maxima[place] for place in steps], [rates[place] for place in steps], colour)
    found["line"] = {"color": colour, "shape": "vh"}
    if tail is None:
        return [found]
    lengths = [tail.over + tail.mean * step / 2 for step in range(POINTS)]
    kept_lengths = [each for each in lengths if tail.rate(each) * YEAR >= RAREST_A_YEAR]
    likely = _trace(f"{name}: continued", kept_lengths, [tail.rate(each) * HOUR for each in kept_lengths], colour)
    likely["line"] = {"color": colour, "dash": "dash"}
    return [found, {**likely, "showlegend": False}]


def _trace(name: str, lengths: Sequence[float], rates: Sequence[float], colour: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [max(each * MILLISECONDS, 0.01) for each in lengths],
        "y": list(rates),
        "hovertemplate": "longer than %{x:.3g} ms: %{y:.3g} an hour<extra></extra>",
        "line": {"color": colour},
    }


def intervals_figure(tuning: Tuning) -> Figure:
    """Both axes logarithmic: advertisement interval, and false failovers a year."""
    choices = curve(tuning)
    data = [
        _rates("likely", choices, [each.estimate for each in choices], {"color": HOLDER_COLOURS[0], "dash": "dash"}),
        _rates("at most (95 %)", choices, [each.bound for each in choices], {"color": HOLDER_COLOURS[0], "width": 3}),
        _rates("proven by counting (95 %)", choices, [each.proven for each in choices], {"color": "#888888"}),
    ]
    lines = [_upright(tuning.current.interval, "in force", BAD)]
    if tuning.recommended is not None and tuning.recommended != tuning.current:
        lines.append(_upright(tuning.recommended.interval, "recommended", GOOD))
    ticks = [each.interval for each in tuning.choices]
    return _figure(data, lines, "advert_interval, s", "false failovers a year (0.01: rarer)", ticks, tuning.wished)


def _rates(name: str, choices: Sequence[Choice], rates: Sequence[float | None], line: Figure) -> Figure:
    known = [(each.interval, max(rate, RAREST_A_YEAR)) for each, rate in zip(choices, rates, strict=True) if rate is not None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [interval for interval, _ in known],
        "y": [rate for _, rate in known],
        "hovertemplate": "%{x} s: %{y:.3g} a year<extra></extra>",
        "line": line,
    }


_Line = tuple[Figure, Figure]


def _upright(at: float, text: str, colour: str) -> _Line:
    """A line over the whole height and its name. Annotations on a logarithmic axis stand at the logarithm, shapes do not."""
    line = {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": colour, "dash": "dot"}}
    label = {"x": log10(at), "y": 1, "yref": "paper", "text": text, "showarrow": False, "xanchor": "left", "yanchor": "bottom"}
    return line, {**label, "font": {"color": colour}, "textangle": -25}


def _figure(data: list[Figure], lines: list[_Line], x: str, y: str, ticks: list[float], wished: float | None) -> Figure:
    shapes = [line for line, _ in lines]
    labels = [label for _, label in lines]
    if wished is not None:
        level = {"color": GOOD, "width": 1}
        shapes.append({"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": wished, "y1": wished, "line": level})
        place = {"x": 1, "xref": "paper", "xanchor": "right", "y": log10(wished), "yanchor": "bottom"}
        labels.append({**place, "text": "put up with", "showarrow": False, "font": {"color": GOOD}})
    axis: Figure = {"type": "log", "title": {"text": x}}
    if ticks:
        axis |= {"tickvals": ticks, "ticktext": [f"{each:g}" for each in ticks]}
    return {
        "data": data,
        "layout": {
            "height": 460,
            "margin": {"l": 70, "r": 60, "t": 80, "b": 60},
            "legend": {"orientation": "h", "y": -0.2, "x": 0},
            "xaxis": axis,
            "yaxis": {"type": "log", "title": {"text": y}, "exponentformat": "power", "dtick": 1},
            "shapes": shapes,
            "annotations": labels,
        },
    }
