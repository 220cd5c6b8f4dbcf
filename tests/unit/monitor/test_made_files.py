"""Rules, scrape jobs and dashboards: their form, what is left out where it would say nothing, and that the page is of today."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from twinkeel.monitor.alerts.registry import ALERTS
from twinkeel.monitor.dashboard import dashboard, uid
from twinkeel.monitor.panels import ROWS
from twinkeel.monitor.records import RECORDS
from twinkeel.monitor.rules import alerts_for, rules
from twinkeel.monitor.runbook import runbook
from twinkeel.monitor.scrape import scrape
from twinkeel.monitor.subject import Subject, subject
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
Edited = Callable[..., Topology]
PAIR = Subject("lab-home", ("lb-1", "lb-2"), haproxy=True, services=True, advert_interval=0.07)
BARE = Subject("one", ("gate",), haproxy=False, services=False)
ANNOUNCING = Subject("lab-home", ("lb-1", "lb-2"), haproxy=True, services=True, bgp=True, bfd=True, return_delay=120.0)
PROGRAM = (files("twinkeel.render") / "templates/metrics").read_text()
EXPORTED = set(re.findall(r'^    "(twinkeel_\w+)": \(', PROGRAM, re.MULTILINE))


def with_keys(keys: str) -> tuple[str, str]:
    return ("ssh: {user: root}", f"ssh: {{user: root}}\n{keys}")


def every_query() -> list[str]:
    panels = [query.expr(PAIR) for row in ROWS for panel in row.panels for query in panel.queries]
    return [*(record.expr(PAIR) for record in RECORDS), *(alert.expr(PAIR) for alert in ALERTS), *panels]


def test_only_what_is_exported_is_asked_for() -> None:
    recorded = {record.name for record in RECORDS}
    named = {name for query in every_query() for name in re.findall(r"[a-z_]+:\w+:\w+|\btwinkeel_\w+", query)}
    assert len(EXPORTED) > 15
    assert named - recorded - EXPORTED == set()


def test_every_metric_is_explained() -> None:
    page = (DOCS / "metrics.md").read_text()
    assert [name for name in sorted(EXPORTED) if f"`{name}`" not in page] == []


def test_every_series_is_of_one_cluster() -> None:
    """Two clusters may have one Prometheus."""
    for query in every_query():
        braces = re.findall(r"\{[^}]*\}", query)
        assert braces, query
        assert all('cluster="lab-home"' in each for each in braces), query
        assert re.findall(r"(?:twinkeel|haproxy)_[\w:]+(?![\w:{])", query) == [], query


def test_an_alert_has_all_that_a_person_at_night_needs() -> None:
    for alert in ALERTS:
        assert re.fullmatch(r"Twinkeel[A-Z]\w+", alert.name)
        assert "{{ $labels.cluster }}" in alert.summary, alert.name
        assert len(alert.summary) < 120, alert.name
        assert alert.description.endswith("."), alert.name
        assert alert.means.endswith("."), alert.name
        assert alert.steps, alert.name


def test_names_are_unique() -> None:
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)
    assert len({record.name for record in RECORDS}) == len(RECORDS)


def test_the_page_of_the_alerts_is_of_today() -> None:
    """`twinkeel monitor runbook -o docs/alerts.md` makes it anew."""
    assert (DOCS / "alerts.md").read_text() == runbook()


def test_every_link_leads_to_a_heading() -> None:
    made = YAML(typ="safe").load(rules(PAIR, "https://wiki.example.org/a"))["groups"][0]["rules"]
    headings = {f"#{heading.lower()}" for heading in re.findall(r"^## (\w+)$", runbook(), re.MULTILINE)}
    links = [rule["annotations"]["runbook_url"] for rule in made if "alert" in rule]
    assert len(links) == len(alerts_for(PAIR)) > 20
    links += [f"https://wiki.example.org/a#{alert.name.lower()}" for alert in alerts_for(ANNOUNCING)]
    assert {link.removeprefix("https://wiki.example.org/a") for link in links} == headings


def test_the_page_holds_no_templates() -> None:
    assert "{{" not in runbook()


def test_one_load_balancer_alone_has_nobody_to_miss() -> None:
    names = {alert.name for alert in alerts_for(BARE)}
    assert "TwinkeelVipWithoutHolder" in names
    assert not names & {"TwinkeelNoStandby", "TwinkeelVipTwoHolders", "TwinkeelApiServerDown", "TwinkeelServiceWithoutServer"}
    assert "haproxy_" not in rules(BARE).replace("twinkeel_haproxy_down", "")
    assert "`haproxy.metrics` opens" in rules(BARE)
    assert "HAProxy" not in [panel["title"] for panel in json.loads(dashboard(BARE))["panels"]]


def test_a_services_alert_needs_services() -> None:
    quiet = Subject("x", ("a", "b"), haproxy=True, services=False)
    assert {alert.name for alert in alerts_for(PAIR)} - {alert.name for alert in alerts_for(quiet)} == {
        "TwinkeelServiceWithoutServer"
    }


def test_where_all_announce_nothing_is_said_of_a_holder_or_of_vrrp() -> None:
    made = rules(ANNOUNCING) + dashboard(ANNOUNCING)
    assert "twinkeel_vrrp" not in made
    assert "BACKUP" not in made
    # The one alert about units names those of both mechanisms.
    assert [line for line in made.splitlines() if re.search(r"keepalived|vrrp|\bholds\b|\bholder|switchover", line, re.I)] == [
        line for line in made.splitlines() if "(with BGP: frr and" in line or "`apply` and `switchover`" in line
    ]
    for text in (rules(PAIR), dashboard(PAIR)):
        assert "twinkeel_bgp" not in text
        assert "twinkeel_bfd" not in text
        assert "twinkeel_vip_announced" not in text


def test_one_announcer_alone_has_nobody_to_miss_and_no_bfd_where_there_is_none() -> None:
    names = {alert.name for alert in alerts_for(Subject("x", ("a",), haproxy=False, services=False, bgp=True))}
    assert "TwinkeelVipNotAnnounced" in names
    assert not names & {"TwinkeelOneAnnouncer", "TwinkeelAnnouncerUnknown", "TwinkeelBfdDown", "TwinkeelVipWithoutHolder"}


def test_a_return_that_waits_for_long_is_given_the_time() -> None:
    patient = replace(ANNOUNCING, return_delay=3600.0)
    (alert,) = (alert for alert in ALERTS if alert.name == "TwinkeelAnnouncesNothing")
    assert "[4200s]" in alert.expr(patient)


def test_the_spec_says_whom_to_watch(build_edited: Edited) -> None:
    topology = build_edited(with_keys("haproxy: {metrics: {address: host}}\nservices: {https: {port: 443}}"))
    assert subject(topology) == PAIR


def test_a_spec_with_bgp_says_with_whom(tmp_path: Path) -> None:
    loaded = load(SourceFile("bgp.yaml", (ROOT / "tests/golden/specs/bgp.yaml").read_text()))
    assert loaded.spec is not None
    found = subject(build(loaded.spec, tmp_path))
    assert (found.bgp, found.bfd, found.return_delay, found.load_balancers) == (True, True, 300, ("lb-1", "lb-2", "lb-3"))


# --- Scrape jobs.


def jobs(topology: Topology) -> dict[str, Any]:
    return {job["job_name"]: job for job in YAML(typ="safe").load(scrape(topology))["scrape_configs"]}


def test_each_load_balancer_is_a_target_with_its_name(build_edited: Edited) -> None:
    made = jobs(build_edited(with_keys("monitoring: {address: host, port: 9000}\nhaproxy: {metrics: {address: host, user: prom}}")))
    assert list(made) == ["twinkeel-lab-home", "twinkeel-haproxy-lab-home"]
    assert made["twinkeel-lab-home"]["static_configs"] == [
        {"targets": ["192.168.1.111:9000"], "labels": {"cluster": "lab-home", "load_balancer": "lb-1"}},
        {"targets": ["192.168.1.112:9000"], "labels": {"cluster": "lab-home", "load_balancer": "lb-2"}},
    ]
    assert made["twinkeel-lab-home"]["honor_labels"] is True
    assert "honor_labels" not in made["twinkeel-haproxy-lab-home"]
    auth = made["twinkeel-haproxy-lab-home"]["basic_auth"]
    assert auth == {"username": "prom", "password_file": "/etc/prometheus/twinkeel-lab-home.password"}


def test_what_only_the_host_itself_reaches_is_no_target(build_edited: Edited) -> None:
    topology = build_edited(with_keys("monitoring: {address: 127.0.0.1, textfile: /var/lib/n/t.prom}"))
    assert jobs(topology) == {}
    assert "`monitoring` listens on the loopback alone" in scrape(topology)


def test_every_address_means_the_hosts_own(build_edited: Edited) -> None:
    made = jobs(build_edited(with_keys('monitoring: {address: "0.0.0.0"}')))
    assert made["twinkeel-lab-home"]["static_configs"][0]["targets"] == ["192.168.1.111:8406"]


# --- The dashboard: what Grafana's JSON model asks of a file that is imported (schema version 39).

TARGET = {
    "type": "object",
    "required": ["refId", "expr", "datasource"],
    "properties": {
        "refId": {"type": "string", "pattern": "^[A-Z]$"},
        "expr": {"type": "string", "minLength": 5},
        "datasource": {"const": {"type": "prometheus", "uid": "${datasource}"}},
        "format": {"enum": ["time_series", "table", "heatmap"]},
        "instant": {"type": "boolean"},
        "range": {"type": "boolean"},
        "legendFormat": {"type": "string"},
        "editorMode": {"enum": ["code", "builder"]},
    },
    "additionalProperties": False,
}
PLACE = {
    "type": "object",
    "required": ["x", "y", "w", "h"],
    "properties": {
        "x": {"type": "integer", "minimum": 0, "maximum": 23},
        "y": {"type": "integer", "minimum": 0},
        "w": {"type": "integer", "minimum": 1, "maximum": 24},
        "h": {"type": "integer", "minimum": 1},
    },
    "additionalProperties": False,
}
PANEL = {
    "type": "object",
    "required": ["id", "type", "title", "gridPos"],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "type": {"enum": ["row", "stat", "timeseries", "state-timeline", "table"]},
        "title": {"type": "string", "minLength": 1},
        "gridPos": PLACE,
        "targets": {"type": "array", "minItems": 1, "items": TARGET},
        "fieldConfig": {"type": "object", "required": ["defaults", "overrides"]},
    },
    "if": {"properties": {"type": {"const": "row"}}},
    "then": {"required": ["collapsed", "panels"]},
    "else": {"required": ["targets", "fieldConfig", "options", "datasource"]},
}
MODEL = {
    "type": "object",
    "required": ["uid", "title", "schemaVersion", "panels", "templating", "annotations", "time"],
    "properties": {
        "uid": {"type": "string", "minLength": 8, "maxLength": 40, "pattern": "^[a-zA-Z0-9_-]+$"},
        "title": {"type": "string", "minLength": 1},
        "schemaVersion": {"const": 39},
        "graphTooltip": {"enum": [0, 1, 2]},
        "time": {"type": "object", "required": ["from", "to"]},
        "panels": {"type": "array", "items": PANEL},
        "templating": {"type": "object", "required": ["list"]},
        "annotations": {"type": "object", "required": ["list"]},
    },
}


@pytest.mark.parametrize("about", [PAIR, BARE, ANNOUNCING, Subject("x" * 63, ("a", "b"), haproxy=True, services=True)])
def test_grafanas_model_is_kept(about: Subject) -> None:
    Draft202012Validator(MODEL).validate(json.loads(dashboard(about)))


def test_the_model_finds_a_broken_panel() -> None:
    broken = json.loads(dashboard(PAIR))
    broken["panels"][1]["targets"] = []
    assert not Draft202012Validator(MODEL).is_valid(broken)


@pytest.mark.parametrize("about", [PAIR, BARE, ANNOUNCING])
def test_no_two_panels_lie_on_each_other(about: Subject) -> None:
    panels = json.loads(dashboard(about))["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_an_import_replaces_the_one_before() -> None:
    assert uid("lab-home") == "twinkeel-lab-home"
    long = [uid("a" * 62 + letter) for letter in "ab"]
    assert len(set(long)) == 2
    assert dashboard(PAIR) == dashboard(PAIR)


def panel(title: str) -> dict[str, Any]:
    (found,) = [each for each in json.loads(dashboard(PAIR))["panels"] if each["title"] == title]
    return dict(found)


@pytest.mark.parametrize("title", ["Certificates last", "Certificates"])
def test_how_long_certificates_last_is_told_in_days(title: str) -> None:
    """Grafana makes weeks of seconds: 3.57 week."""
    defaults = panel(title)["fieldConfig"]["defaults"]
    assert (defaults["unit"], defaults["decimals"]) == ("suffix:days", 0)
    assert [step["value"] for step in defaults["thresholds"]["steps"]] == [None, 7, 30]
    assert panel(title)["targets"][0]["expr"].endswith(" / 86400")


def test_tables_stand_in_an_order_and_colour_what_is_a_number() -> None:
    files, certificates = panel("Files"), panel("Certificates")
    assert files["transformations"][0]["options"]["indexByName"] == {
        "load_balancer": 0, "unit": 1, "applied": 2, "found": 3, "Value": 4,
    }  # fmt: skip
    assert files["options"]["sortBy"] == [{"displayName": "load_balancer", "desc": False}]
    assert certificates["options"]["sortBy"] == [{"displayName": "Value", "desc": False}]
    for table in (files, certificates):
        (override,) = table["fieldConfig"]["overrides"]
        assert override["matcher"] == {"id": "byType", "options": "number"}
    assert files["fieldConfig"]["defaults"]["mappings"][0]["options"]["1"]["text"] == "changed"


def test_a_move_is_marked_at_its_moment_and_not_for_a_minute() -> None:
    (mark,) = json.loads(dashboard(PAIR))["annotations"]["list"]
    assert mark["useValueForTime"] is True
    assert mark["expr"] == (
        'twinkeel_vip_changed_timestamp_seconds{cluster="lab-home"} * 1000 and twinkeel_vip_held{cluster="lab-home"} == 1'
    )


@pytest.mark.parametrize("title", ["Moves", "Kills and yields"])
def test_what_is_counted_is_a_whole_number(title: str) -> None:
    """Prometheus extrapolates: one move is 1.13 of them."""
    assert all(target["expr"].startswith("round(") for target in panel(title)["targets"])
