"""Our own drawing of the Grafana board: its queries asked as Grafana asks them, its grid, units, thresholds and mappings.

It is not Grafana. It knows the four kinds of panels that the board has, and of each what the board sets; a kind of panel, a unit or
a variable that it does not know ends it.
"""

import html
import json
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/checkers")]

from prometheus_programs import ensure_programs  # noqa: E402 - they lie beside the tests
from scraped_pair import free_port  # noqa: E402

from browser import look, open_browser  # noqa: E402
from twinkeel.monitor.dashboard import dashboard  # noqa: E402
from twinkeel.monitor.subject import subject  # noqa: E402
from twinkeel.source import SourceFile  # noqa: E402
from twinkeel.spec.load import load  # noqa: E402
from twinkeel.topology.build import build  # noqa: E402

WIDTH, ROW, GAP, COLUMNS = 1480, 30, 8, 24
CELL = (WIDTH - GAP) / COLUMNS
"""Grafana's grid: 24 columns, rows of 30 pixels, 8 pixels between panels."""
COLOURS = {
    **{"green": "#73BF69", "yellow": "#FADE2A", "orange": "#FF9830", "red": "#F2495C", "dark-red": "#C4162A", "blue": "#5794F2"},
    "transparent": "rgba(0,0,0,0)",
}
PALETTE = ("#7EB26D", "#EAB839", "#6ED0E0", "#EF843C", "#E24D42", "#1F78C1", "#BA43A9", "#705DA0", "#508642", "#CCA300")
SECONDS = ((31_536_000, "year"), (604_800, "week"), (86_400, "day"), (3600, "hour"), (60, "min"), (1, "s"), (0.001, "ms"))
WORDS = {"cps": "c/s", "Bps": "B/s"}
STYLE = f"""
body {{ margin: 0; padding: {GAP}px 0 0 {GAP}px; width: {WIDTH}px; background: #f4f5f5; color: #24292e;
        font: 13px/1.35 "DejaVu Sans", sans-serif; }}
h1 {{ font-size: 17px; margin: 4px 0 8px; }} p {{ margin: 0 {GAP}px 6px 0; color: #555; }}
#grid {{ position: relative; }}
.panel {{ position: absolute; background: #fff; border: 1px solid #dcdfe3; border-radius: 2px; box-sizing: border-box;
          overflow: hidden; }}
.panel h2 {{ font-size: 13px; margin: 5px 8px 0; }} .row {{ position: absolute; font-weight: bold; padding: 5px 0; }}
.stats {{ display: flex; height: calc(100% - 28px); }}
.stat {{ flex: 1; display: flex; flex-direction: column; justify-content: center; text-align: center; margin: 4px; }}
.stat b {{ font-size: 24px; }} .stat.long b {{ font-size: 17px; }}
table {{ border-collapse: collapse; width: 100%; font-size: 12px; margin-top: 4px; }}
th {{ text-align: left; color: #1f62e0; font-weight: normal; }}
td, th {{ border-bottom: 1px solid #eee; padding: 3px 8px; white-space: nowrap; }}
"""


class NotKnownError(Exception):
    """The board has something that this drawing does not know."""


@dataclass(frozen=True)
class Series:
    """One series of an answer: its name as the legend says it, its labels, and (time, value) pairs."""

    name: str
    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


class Source:
    """A Prometheus that answers about what was recorded, asked as Grafana's data source would with a scrape interval set."""

    def __init__(self, port: int, begin: float, end: float, interval: float) -> None:
        self.port, self.begin, self.end, self.interval = port, begin, end, interval

    def step(self, pixels: float) -> float:
        """A point a pixel, and not more often than Prometheus scrapes."""
        return max(self.interval, round((self.end - self.begin) / pixels))

    def ask(self, target: Mapping[str, Any], pixels: float, step: float | None = None) -> list[Series]:
        """What a target of a panel brings."""
        step = step or self.step(pixels)
        rate = max(step + self.interval, 4 * self.interval)
        expr = target["expr"].replace("$__rate_interval", f"{rate:g}s")
        if "$" in expr:
            raise NotKnownError(expr)
        if target["instant"]:
            found = self._get("query", query=expr, time=self.end)
            return [Series(_name(target, each["metric"]), each["metric"], _points([each["value"]])) for each in found]
        found = self._get("query_range", query=expr, start=self.begin, end=self.end, step=step)
        return [Series(_name(target, each["metric"]), each["metric"], _points(each["values"])) for each in found]

    def _get(self, what: str, **words: object) -> list[dict[str, Any]]:
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(words)}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found


def _points(values: Sequence[Sequence[Any]]) -> list[tuple[float, float]]:
    return [(float(when), float(value)) for when, value in values]


def _name(target: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    legend = target["legendFormat"]
    if legend == "__auto":
        return labels.get("__name__", "") or ", ".join(f"{key}={value}" for key, value in labels.items()) or "Value"
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: labels.get(match[1], ""), legend)


def shown(value: float, panel: Mapping[str, Any]) -> tuple[str, str]:
    """A value's text and colour."""
    defaults = panel["fieldConfig"]["defaults"]
    for mapping in defaults["mappings"]:
        option = mapping["options"].get(f"{value:g}")
        if option is not None:
            return option["text"], COLOURS[option["color"]]
    steps = defaults["thresholds"]["steps"]
    colour = [step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]
    return _text(value, defaults["unit"], defaults.get("decimals")), COLOURS[colour]


def _text(value: float, unit: str, decimals: int | None) -> str:
    """As Grafana's units write it: three digits where nothing is said."""
    kind, _, word = unit.partition(":")
    if unit == "s":
        size, name = next(((size, name) for size, name in SECONDS if abs(value) >= size), SECONDS[-1])
        return f"{_digits(value / size, decimals)} {name}"
    if kind == "suffix":
        return f"{_digits(value, decimals)} {word}"
    if unit == "percentunit":
        return f"{_digits(value * 100, decimals)}%"
    if unit in ("short", "cps", "Bps", "none"):
        scale, letter = next(((size, name) for size, name in ((1e6, "M"), (1e3, "k")) if abs(value) >= size), (1, ""))
        return f"{_digits(value / scale, decimals)} {letter}{WORDS.get(unit, '')}".strip()
    raise NotKnownError(f"unit {unit}")


def _digits(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def timeseries(panel: Mapping[str, Any], source: Source, width: float, height: float, marks: Sequence[float]) -> str:
    """Lines with a legend below."""
    figure, unit = go.Figure(), panel["fieldConfig"]["defaults"]["unit"]
    series = [each for target in panel["targets"] for each in source.ask(target, width)]
    for number, each in enumerate(series):
        colour, first = PALETTE[number % len(PALETTE)], True
        for part in _parts(each.points, source.step(width)):
            figure.add_scatter(
                **{"x": [_when(when) for when, _ in part], "y": [value for _, value in part], "name": each.name, "mode": "lines"},
                **{"line": {"color": colour, "width": 1.3}, "fill": "tozeroy", "fillcolor": f"{colour}1a"},
                **{"legendgroup": each.name, "showlegend": first},
            )
            first = False
    for mark in marks:
        figure.add_vline(x=_when(mark), line={"color": "#FF9830", "width": 1.5, "dash": "dash"})
    suffix = {"s": " s", "cps": " c/s", "Bps": "B/s"}.get(unit, "")
    figure.update_yaxes(ticksuffix=suffix, tickformat=".1%" if unit == "percentunit" else None, rangemode="tozero", nticks=6)
    return _figure(figure, source, height, legend=True)


def _parts(points: Sequence[tuple[float, float]], step: float) -> Iterator[list[tuple[float, float]]]:
    """Where a step has no answer the line ends (spanNulls is off)."""
    part: list[tuple[float, float]] = []
    for when, value in points:
        if part and when - part[-1][0] > step * 1.5:
            yield part
            part = []
        part.append((when, value))
    if part:
        yield part


def state_timeline(panel: Mapping[str, Any], source: Source, width: float, height: float, _: Sequence[float]) -> str:
    """A row of coloured stretches for each series."""
    figure, step = go.Figure(), source.step(width)
    series = [each for target in panel["targets"] for each in source.ask(target, width)]
    for each in reversed(series):
        for begin, end, value in _stretches(each.points, step):
            text, colour = shown(value, panel)
            figure.add_bar(
                **{"base": [_when(begin)], "x": [(end - begin) * 1000], "y": [each.name], "orientation": "h", "width": 0.9},
                **{"marker": {"color": colour, "opacity": 0.8}, "showlegend": False},
                **{"text": [text if end - begin > (source.end - source.begin) / 12 else ""], "textposition": "inside"},
                **{"insidetextanchor": "start", "textfont": {"color": "#111", "size": 12}, "textangle": 0},
            )
    figure.update_layout(barmode="overlay")
    figure.update_yaxes(categoryorder="array", categoryarray=[each.name for each in reversed(series)])
    return _figure(figure, source, height, legend=False)


def _stretches(points: Sequence[tuple[float, float]], step: float) -> Iterator[tuple[float, float, float]]:
    begin = last = None
    current = 0.0
    for when, value in points:
        if begin is None or last is None:
            begin, current = when, value
        elif value != current or when - last > step * 1.5:
            yield begin, last + step if when - last > step * 1.5 else when, current
            begin, current = when, value
        last = when
    if begin is not None and last is not None:
        yield begin, last, current


def stat(panel: Mapping[str, Any], source: Source, width: float, _: float, __: Sequence[float]) -> str:
    """The last value of each series, or its name."""
    options = panel["options"]
    series = [each for target in panel["targets"] for each in source.ask(target, width)]
    parts = []
    for each in series:
        text, colour = shown(each.points[-1][1], panel)
        name = html.escape(each.name) if len(series) > 1 and options["textMode"] == "auto" else ""
        if options["textMode"] == "name":
            text, name = each.name, ""
        look_ = f"background:{colour};color:#fff" if options["colorMode"] == "background" else f"color:{colour}"
        long = " long" if len(text) > 14 else ""
        parts.append(f'<div class="stat{long}" style="{look_}"><b>{html.escape(text)}</b><span>{name}</span></div>')
    return f'<div class="stats">{"".join(parts) or "No data"}</div>'


def table(panel: Mapping[str, Any], source: Source, width: float, _: float, __: Sequence[float]) -> str:
    """Labels and value of each series; the time is left out by the board's transformation."""
    series = [each for target in panel["targets"] for each in source.ask(target, width)]
    change = {each["id"]: each["options"] for each in panel["transformations"]}.get("organize", {})
    hidden, names = change.get("excludeByName", {}), change.get("renameByName", {})
    columns = sorted({key for each in series for key in each.labels})
    columns = [column for column in [*columns, "Value"] if not hidden.get(column)]
    order = change.get("indexByName", {})
    columns.sort(key=lambda column: order.get(column, len(order)))
    sort = [each["displayName"] for each in panel["options"].get("sortBy", ())]
    series.sort(key=lambda each: [each.points[-1][1] if key == "Value" else each.labels.get(key, "") for key in sort])
    rows = []
    for each in series:
        text, colour = shown(each.points[-1][1], panel)
        cells = {key: f"<td>{html.escape(value)}</td>" for key, value in each.labels.items()}
        cells["Value"] = f'<td style="color:{colour}">{html.escape(text)}</td>'
        rows.append("".join(cells.get(column, "<td></td>") for column in columns))
    head = "".join(f"<th>{html.escape(names.get(column, column))}</th>" for column in columns)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


KINDS = {"timeseries": timeseries, "state-timeline": state_timeline, "stat": stat, "table": table}


def _figure(figure: go.Figure, source: Source, height: float, *, legend: bool) -> str:
    figure.update_layout(
        **{"height": height - 30, "margin": {"l": 8, "r": 12, "t": 6, "b": 4}, "paper_bgcolor": "#fff", "plot_bgcolor": "#fff"},
        **{"font": {"family": "DejaVu Sans", "size": 11, "color": "#24292e"}, "showlegend": legend},
        legend={"orientation": "h", "yanchor": "top", "y": -0.14, "x": 0, "font": {"size": 11}},
    )
    figure.update_xaxes(range=[_when(source.begin), _when(source.end)], type="date", tickformat="%H:%M", gridcolor="#eee", nticks=9)
    figure.update_yaxes(gridcolor="#eee", automargin=True)
    return str(figure.to_html(full_html=False, include_plotlyjs=False, config={"staticPlot": True}))


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def marks_of(board: Mapping[str, Any], source: Source) -> list[float]:
    """The moments of the board's annotation, to the second."""
    (annotation,) = board["annotations"]["list"]
    if annotation["useValueForTime"] is not True:
        raise NotKnownError("an annotation whose time is not its value")
    target = {"expr": annotation["expr"], "instant": False, "legendFormat": ""}
    answers = source.ask(target, 1, float(annotation["step"].removesuffix("s")))
    moments = sorted({round(value / 1000) for each in answers for _, value in each.points})
    return [moment for moment in moments if source.begin <= moment <= source.end]


def page(board: Mapping[str, Any], source: Source, title: str, lines: Sequence[str], rows: tuple[int, int]) -> str:
    """The board, or those of its panels whose place is between two rows of the grid."""
    marks, parts = marks_of(board, source), []
    first, last = rows
    bottom = 0.0
    for panel in board["panels"]:
        place = panel["gridPos"]
        if not first <= place["y"] < last:
            continue
        width, height = place["w"] * CELL - GAP, place["h"] * (ROW + GAP) - GAP
        x, y = place["x"] * CELL, (place["y"] - first) * (ROW + GAP)
        bottom = max(bottom, y + height)
        at = f"left:{x:.0f}px;top:{y:.0f}px;width:{width:.0f}px;height:{height:.0f}px"
        if panel["type"] == "row":
            parts.append(f'<div class="row" style="{at}">{html.escape(panel["title"])}</div>')
            continue
        if panel["type"] not in KINDS:
            raise NotKnownError(panel["type"])
        body = KINDS[panel["type"]](panel, source, width, height, marks)
        parts.append(f'<div class="panel" style="{at}"><h2>{html.escape(panel["title"])}</h2>{body}</div>')
    head = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    script = f"<script>{plotly.offline.get_plotlyjs()}</script>"
    grid = f'<div id="grid" style="height:{bottom + GAP:.0f}px">{"".join(parts)}</div>'
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{script}<h1>{html.escape(title)}</h1>{head}{grid}"


@contextmanager
def recorded(folder: Path) -> Iterator[int]:
    """A Prometheus that scrapes nothing, before a copy of what was recorded; its port."""
    work = folder / "again"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    shutil.copytree(folder / "tsdb", work / "tsdb", ignore=shutil.ignore_patterns("lock"))
    (work / "prometheus.yml").write_text("{}\n")
    port = free_port()
    argv = [str(ensure_programs() / "prometheus"), f"--config.file={work}/prometheus.yml", f"--storage.tsdb.path={work}/tsdb"]
    argv += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with subprocess.Popen(argv) as process:
        try:
            _wait(port)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _wait(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("Prometheus does not start")


def draw(folder: Path, out: Path) -> None:
    """A page with the whole board, and pictures of its upper and its lower half."""
    spec = load(SourceFile("twinkeel.yaml", (folder / "twinkeel.yaml").read_text())).spec
    if spec is None:
        raise SystemExit("the spec of the recording is not valid any more")
    board = json.loads(dashboard(subject(build(spec, folder))))
    story = json.loads((folder / "story.json").read_text())
    begin, end = story["events"][0][0], story["events"][-1][0]
    told = [f"{_when(when):%H:%M:%S} {what}" for when, what in story["events"][1:-1]]
    lines = [
        "Our own drawing of what the board asks Prometheus (scripts/dashboard-pictures). Not Grafana. Times are UTC.",
        " · ".join(told),
    ]
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    middle = next(panel["gridPos"]["y"] for panel in board["panels"] if panel["title"] == "HAProxy")
    out.mkdir(parents=True, exist_ok=True)
    with recorded(folder) as port, open_browser() as driver:
        source = Source(port, begin, end, float(story["interval"].removesuffix("s")))
        for name, rows in (("dashboard-1", (0, middle)), ("dashboard-2", (middle, height))):
            path = folder / f"{name}.html"
            path.write_text(page(board, source, board["title"], lines, rows))
            look(driver, WIDTH + GAP, 900)
            driver.get(path.as_uri())
            time.sleep(2)  # Plotly draws in its own time, and has no word for its end.
            size = int(driver.execute_script("return document.documentElement.scrollHeight"))
            look(driver, WIDTH + GAP, size)
            driver.save_screenshot(str(out / f"{name}.png"))


if __name__ == "__main__":
    draw(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
