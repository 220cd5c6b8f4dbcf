"""The rules that are made from a spec, judged by promtool: each alert fires when it must, and does not when it nearly must."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from alert_cases import CASES as HELD_CASES
from alert_cases import LB1, LB2, SERVERS, Series, always, down, healthy, on, s, server_status, standing_still, vip, without
from announcer_cases import ANNOUNCER_CASES, ANNOUNCING, MORE_NEAR_MISSES, healthy_announcers
from prometheus_programs import ensure_programs

from twinkeel.monitor.alerts.registry import ALERTS
from twinkeel.monitor.rules import alerts_for, rules
from twinkeel.monitor.subject import Subject, subject
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build

ROOT = Path(__file__).parents[2]
KEYS = "\nmonitoring: {address: host}\nhaproxy: {metrics: {address: host}}\nservices: {https: {port: 443}}\n"
OTHER = {"==": "!=", ">": "<=", "<": ">=", ">=": "<", "unless": "and"}
COMPARISON = re.compile("==|>=|>|<|unless")
CASES = {**HELD_CASES, **ANNOUNCER_CASES}


@pytest.fixture(scope="module")
def promtool() -> Path:
    return ensure_programs() / "promtool"


@pytest.fixture(scope="module")
def pair() -> Subject:
    spec = load(SourceFile("lab-home.yaml", (ROOT / "examples/lab-home.yaml").read_text() + KEYS)).spec
    assert spec is not None
    return subject(build(spec, Path("/srv")))


Judge = Callable[..., str]


@pytest.fixture
def judge(promtool: Path, pair: Subject, tmp_path: Path) -> Judge:
    """What promtool has against expected alerts at a minute; empty when they are right."""

    def run(
        series: Series, minute: int, expected: Mapping[str, str], mutate: Callable[[str], str] = str, *, bgp: bool = False
    ) -> str:
        well = healthy_announcers if bgp else healthy
        (tmp_path / "rules.yml").write_text(mutate(rules(ANNOUNCING if bgp else pair)))
        broken_neighbour = {name: always(0) for name in well("other") if "collected" not in name}
        every = {**well(), **broken_neighbour, **series}
        alerts = [
            {"expr": f'ALERTS{{alertname=~"{names}",alertstate="firing"}}', "eval_time": f"{minute}m", "exp_samples": samples}
            for names, samples in expected.items()
        ]
        test = {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in every.items()],
            "promql_expr_test": alerts,
        }
        document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
        (tmp_path / "test.yml").write_text(json.dumps(document))
        ended = subprocess.run([promtool, "test", "rules", tmp_path / "test.yml"], capture_output=True, text=True, check=False)
        return "" if ended.returncode == 0 else ended.stdout + ended.stderr

    return run


def firing(name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    severity = next(alert.severity for alert in ALERTS if alert.name == name)
    every = {"alertname": name, "alertstate": "firing", "severity": severity, **labels}
    return {"labels": "ALERTS{" + ",".join(f'{key}="{value}"' for key, value in every.items()) + "}", "value": 1}


def test_every_alert_has_a_case(pair: Subject) -> None:
    assert set(HELD_CASES) == {alert.name for alert in alerts_for(pair)}
    assert set(ANNOUNCER_CASES) == {alert.name for alert in alerts_for(ANNOUNCING)} - set(HELD_CASES)
    assert set(CASES) == {alert.name for alert in ALERTS}


@pytest.mark.parametrize("bgp", [False, True])
def test_promtool_takes_the_rules(promtool: Path, pair: Subject, tmp_path: Path, bgp: bool) -> None:
    about = ANNOUNCING if bgp else pair
    (tmp_path / "rules.yml").write_text(rules(about))
    ended = subprocess.run([promtool, "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert f"SUCCESS: {rules(about).count('expr:')} rules found" in ended.stdout


@pytest.mark.parametrize("bgp", [False, True])
@pytest.mark.parametrize("minute", [5, 20, 90, 310])
def test_nothing_fires_while_all_is_well(judge: Judge, minute: int, bgp: bool) -> None:
    assert judge({}, minute, {".+": []}, bgp=bgp) == ""


@pytest.mark.parametrize("name", CASES)
def test_it_fires(judge: Judge, name: str) -> None:
    case = CASES[name]
    assert (
        judge(case.fires, case.minute, {name: [firing(name, labels) for labels in case.alerts]}, bgp=name in ANNOUNCER_CASES) == ""
    )


@pytest.mark.parametrize("name", CASES)
def test_it_does_not_fire_when_it_is_nearly_so(judge: Judge, name: str) -> None:
    case = CASES[name]
    assert judge(case.quiet, case.quiet_minute, {name: []}, bgp=name in ANNOUNCER_CASES) == ""


@pytest.mark.parametrize("name", MORE_NEAR_MISSES)
def test_nor_when_it_is_nearly_so_in_another_way(judge: Judge, name: str) -> None:
    series, minute = MORE_NEAR_MISSES[name]
    assert judge(series, minute, {name: []}, bgp=True) == ""


def conditions(name: str) -> re.Pattern[str]:
    return re.compile(rf"(- alert: {name}\n +expr: )(.*)")


def turned_round(condition: str) -> Iterator[str]:
    """The condition with one comparison turned round, for each that it has. Those about an old HAProxy have a test of their own."""
    for found in COMPARISON.finditer(condition):
        if not condition[: found.start()].endswith('state=""} ') and 'state=""} >' not in condition[: found.start()]:
            yield condition[: found.start()] + OTHER[found[0]] + condition[found.end() :]


@pytest.mark.parametrize("name", CASES)
def test_these_tests_find_a_broken_condition(judge: Judge, pair: Subject, name: str) -> None:
    case, alert, bgp = CASES[name], next(alert for alert in ALERTS if alert.name == name), name in ANNOUNCER_CASES
    every = list(turned_round(alert.expr(ANNOUNCING if bgp else pair)))
    assert every
    for broken in every:

        def put(text: str, broken: str = broken) -> str:
            return conditions(name).sub(lambda found: found[1] + json.dumps(broken), text)

        fires = judge(case.fires, case.minute, {name: [firing(name, labels) for labels in case.alerts]}, put, bgp=bgp)
        quiet = judge(case.quiet, case.quiet_minute, {name: []}, put, bgp=bgp)
        more, minute = MORE_NEAR_MISSES.get(name, (case.quiet, case.quiet_minute))
        assert fires or quiet or judge(more, minute, {name: []}, put, bgp=bgp), broken


@pytest.mark.parametrize("name", [alert.name for alert in ALERTS if alert.wait != "0m"])
def test_it_waits(judge: Judge, name: str) -> None:
    """An alert that would never be patient enough does not fire: the time counts."""
    longer = re.compile(rf"(- alert: {name}\n +expr: .*\n +for: )\S+")
    case = CASES[name]
    assert judge(case.fires, case.minute, {name: []}, lambda text: longer.sub(r"\g<1>9h", text), bgp=name in ANNOUNCER_CASES) == ""


def test_a_file_that_nobody_keeps_is_silence(judge: Judge) -> None:
    expected = {"TwinkeelLoadBalancerSilent": [firing("TwinkeelLoadBalancerSilent", on(LB1))]}
    assert judge(standing_still(LB1), 16, expected) == ""


def test_a_dead_standby_is_told_once_by_each_that_it_concerns(judge: Judge) -> None:
    told = {"TwinkeelLoadBalancerSilent": on(LB2), "TwinkeelNoStandby": {"cluster": "lab-home"}}
    assert judge(without(LB2), 20, {".+": [firing(name, labels) for name, labels in told.items()]}) == ""


def test_haproxy_before_2_4_tells_a_servers_state_as_a_number(judge: Judge) -> None:
    gone = {server_status(balancer, server, state): "_x300" for balancer in (LB1, LB2) for server in SERVERS for state in
            ("DOWN", "UP", "MAINT", "DRAIN", "NOLB")}  # fmt: skip
    numbers = {"master-1": 0, "master-2": 1, "master-3": 2}
    old = {s("haproxy_server_status", LB1, proxy="kubernetes-api", server=name): always(state) for name, state in numbers.items()}
    expected = {
        "TwinkeelApiServerDown": [firing("TwinkeelApiServerDown", {"cluster": "lab-home", "server": "master-1"})],
        "TwinkeelApiServerDrained": [firing("TwinkeelApiServerDrained", {"cluster": "lab-home", "server": "master-3"})],
    }
    assert judge({**gone, **old}, 245, expected) == ""
    assert judge(down(LB1, "master-1", "NOLB"), 245, {"TwinkeelApiServer.*": []}) == ""


def test_what_a_person_reads(promtool: Path, pair: Subject, tmp_path: Path) -> None:
    """Templates are filled in: the words that Alertmanager sends."""
    (tmp_path / "rules.yml").write_text(rules(pair, "https://wiki.example.org/alerts"))
    alert = next(alert for alert in ALERTS if alert.name == "TwinkeelVipMovesTooOften")
    steps = "".join(f"{number}. {step}\n" for number, step in enumerate(alert.steps, 1))
    annotations = {
        "summary": "lab-home: 192.168.1.110 moved 5 times within an hour",
        "description": "Each move ends connections that are open. Moves that nobody asked for have a cause that is not gone.",
        "runbook": f"{alert.means}\n{steps}",
        "runbook_url": "https://wiki.example.org/alerts#twinkeelvipmovestoooften",
    }
    series = {**healthy(), **CASES[alert.name].fires}
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {
                "eval_time": "80m",
                "alertname": alert.name,
                "exp_alerts": [{"exp_labels": vip(severity="warning"), "exp_annotations": annotations}],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}))
    ended = subprocess.run([promtool, "test", "rules", tmp_path / "test.yml"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
