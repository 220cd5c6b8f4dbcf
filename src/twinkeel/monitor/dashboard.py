"""A dashboard for Grafana (its JSON model, schema version 39), made from a spec. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from string import ascii_uppercase
from typing import Any

from twinkeel.monitor.panels import ROWS
from twinkeel.monitor.panels.panel import Panel, Query, Row, Step
from twinkeel.monitor.subject import Subject

SCHEMA_VERSION = 39
COLUMNS = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
LONGEST_UID = 40

_PROMETHEUS = {
    "name": "datasource",
    "label": "Prometheus",
    "type": "datasource",
    "query": "prometheus",
    "current": {},
    "hide": 0,
    "includeAll": False,
    "multi": False,
    "options": [],
    "refresh": 1,
    "regex": "",
}


def dashboard(subject: Subject) -> str:
    """The file that Grafana imports; the same subject gives the same bytes, and an import replaces the one before."""
    made = {
        "uid": uid(subject.cluster),
        "title": f"Kubernetes API endpoint: {subject.cluster}",
        "description": f"Load balancers of the cluster {subject.cluster}. Made by `twinkeel monitor dashboard`: make it anew "
        "instead of editing it.",
        "tags": ["twinkeel", "kubernetes"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "15s",
        "time": {"from": "now-3h", "to": "now"},
        "timepicker": {},
        "fiscalYearStartMonth": 0,
        "links": [],
        "annotations": {"list": [_moves(subject)]},
        "templating": {"list": [_PROMETHEUS]},
        "panels": list(_panels(subject)),
    }
    return json.dumps(made, indent=2) + "\n"


def uid(cluster: str) -> str:
    """What Grafana knows it by: at most 40 characters; a long name is cut and told apart by a digest."""
    plain = f"twinkeel-{cluster}"
    return plain if len(plain) <= LONGEST_UID else f"{plain[:31]}-{hashlib.sha256(cluster.encode()).hexdigest()[:8]}"


def _moves(subject: Subject) -> dict[str, Any]:
    """A mark in every graph where a virtual IP came to a load balancer."""
    return {
        "name": "A virtual IP was announced anew" if subject.bgp else "A virtual IP moved",
        "datasource": SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "orange",
        # The time is the value: the kernel's own, and no minute's width of a rate.
        "expr": f"twinkeel_vip_changed_timestamp_seconds{{{subject.of}}} * 1000 and twinkeel_vip_held{{{subject.of}}} == 1",
        "useValueForTime": True,
        "step": "15s",
        "titleFormat": "{{vip}} by {{load_balancer}}" if subject.bgp else "{{vip}} to {{load_balancer}}",
    }


def _panels(subject: Subject) -> Iterator[dict[str, Any]]:
    number, y = 0, 0
    for row in ROWS:
        shown = [panel for panel in row.panels if panel.applies(subject)]
        if not shown:
            continue
        number += 1
        yield _heading(row, number, y)
        y += 1
        x = 0
        for panel in shown:
            if x + panel.width > COLUMNS:
                x, y = 0, y + row.height
            number += 1
            yield _panel(panel, subject, number, {"x": x, "y": y, "w": panel.width, "h": row.height})
            x += panel.width
        y += row.height


def _heading(row: Row, number: int, y: int) -> dict[str, Any]:
    place = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
    return {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(panel: Panel, subject: Subject, number: int, place: Mapping[str, int]) -> dict[str, Any]:
    table = panel.kind == "table"
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.describes,
        "datasource": SOURCE,
        "gridPos": dict(place),
        "targets": [_target(query, letter, subject, instant=table or panel.kind == "stat", table=table)
                    for letter, query in zip(ascii_uppercase, panel.queries, strict=False)],
        "fieldConfig": {"defaults": _look(panel), "overrides": [_COLOURED] if table else []},
        "options": _options(panel),
        "transformations": [_ordered(panel)] if table else [],
    }  # fmt: skip


def _target(query: Query, letter: str, subject: Subject, *, instant: bool, table: bool) -> dict[str, Any]:
    return {
        "refId": letter,
        "datasource": SOURCE,
        "expr": query.expr(subject),
        "legendFormat": query.legend or "__auto",
        "instant": instant,
        "range": not instant,
        "format": "table" if table else "time_series",
        "editorMode": "code",
    }


def _look(panel: Panel) -> dict[str, Any]:
    options = {
        str(value): {"text": text, "color": colour, "index": place}
        for place, (value, (text, colour)) in enumerate(panel.texts.items())
    }
    lines = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "auto", "spanNulls": False}
    return {
        "unit": panel.unit,
        **({} if panel.decimals is None else {"decimals": panel.decimals}),
        "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
        "mappings": [{"type": "value", "options": options}] if options else [],
        "thresholds": {"mode": "absolute", "steps": [_step(step) for step in panel.steps]},
        "custom": {"timeseries": lines, "state-timeline": {"fillOpacity": 80, "lineWidth": 0}}.get(panel.kind, {}),
    }


def _step(step: Step) -> dict[str, Any]:
    value, colour = step
    return {"value": value, "color": colour}


def _options(panel: Panel) -> dict[str, Any]:
    names = {"textMode": "name", "colorMode": "background"} if panel.names else {}
    order = {"sortBy": [{"displayName": panel.sort, "desc": False}]} if panel.sort else {}
    return _OPTIONS[panel.kind] | names | order


def _ordered(panel: Panel) -> dict[str, Any]:
    """A table's columns, without the time that all its rows have."""
    places = {column: place for place, column in enumerate(panel.columns)}
    return {"id": "organize", "options": {"excludeByName": {"Time": True}, "indexByName": places, "renameByName": {}}}


# The number alone: a text would have the first threshold's colour.
_COLOURED = {
    "matcher": {"id": "byType", "options": "number"},
    "properties": [{"id": "custom.cellOptions", "value": {"type": "color-text"}}],
}

_OPTIONS: Mapping[str, dict[str, Any]] = {
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
    },
    "state-timeline": {
        "showValue": "auto",
        "rowHeight": 0.9,
        "mergeValues": True,
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "none"},
    },
    "table": {"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "fields": ""}},
}
