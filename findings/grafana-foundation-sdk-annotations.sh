#!/usr/bin/env bash
# grafana-foundation-sdk 10.1.0 (Grafana's own Python library of dashboard types): a dashboard that is read and written back has lost the
# titles, texts, tags and step of its Prometheus annotations.
#
# Panels, their queries, options the library does not type, and variables come back as they were, and the annotation's own `expr` does. One
# guesses that an annotation does, too, or that `from_json` refuses what it does not know. `titleFormat`, `textFormat`, `tagKeys`, `step`
# and `useValueForTime` are left out without a word: on the board each annotation shows without its label.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'grafana-foundation-sdk==1769699998!10.1.0' 2> /dev/null
cat > board.py <<'PROGRAM'
import json
from importlib.metadata import version

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
BOARD = {
    "title": "Load balancers",
    "schemaVersion": 39,
    "annotations": {
        "list": [
            {
                "name": "Failovers",
                "datasource": PROMETHEUS,
                "enable": True,
                "iconColor": "red",
                "expr": "changes(vip_held[1m]) > 0",
                "step": "10s",
                "titleFormat": "{{instance}}",
                "textFormat": "the address moved",
                "tagKeys": "vip",
                "useValueForTime": False,
            }
        ]
    },
    "panels": [
        {
            "type": "timeseries",
            "title": "Up",
            "id": 1,
            "gridPos": {"h": 8, "w": 12, "x": 0, "y": 0},
            "datasource": PROMETHEUS,
            "targets": [{"expr": "up", "refId": "A", "legendFormat": "{{job}}"}],
            "fieldConfig": {"defaults": {"unit": "s", "custom": {"lineWidth": 2}}, "overrides": []},
            "options": {"legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}},
        }
    ],
}


def lost(before, after, path=""):
    if isinstance(before, dict):
        for key, value in before.items():
            yield from lost(value, after[key], f"{path}.{key}") if key in after else [f"{path}.{key}"]
    elif isinstance(before, list):
        for number, (one, other) in enumerate(zip(before, after)):
            yield from lost(one, other, f"{path}[{number}]")
    elif before != after:
        yield f"{path} changed"


back = json.loads(json.dumps(Dashboard.from_json(BOARD), cls=JSONEncoder))
print("grafana-foundation-sdk", version("grafana-foundation-sdk"))
for each in lost(BOARD, back):
    print("lost:", each.lstrip("."))
PROGRAM
env/bin/python board.py | tee seen
for field in step tagKeys textFormat titleFormat useValueForTime; do echo "lost: annotations.list[0].$field"; done | sort > expected
grep '^lost' seen | sort | diff expected -
