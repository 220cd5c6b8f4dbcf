"""The dashboard and the scrape jobs, in front of a real Prometheus that scrapes our own program and a real HAProxy."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from prometheus_programs import ensure_programs
from scraped_pair import DEADLINE, Prometheus, prometheus, real_haproxy, told_pair

from twinkeel.monitor.dashboard import dashboard
from twinkeel.monitor.rules import rules
from twinkeel.monitor.scrape import scrape
from twinkeel.monitor.subject import Subject, subject
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

ROOT = Path(__file__).parents[2]
KEYS = "\nmonitoring: {address: host}\nhaproxy: {metrics: {address: host}}\n"
FAST = {"interval: 15s": "interval: 1s", "for: 1m": "for: 2s"}


def topology(keys: str = KEYS) -> Topology:
    spec = load(SourceFile("lab-home.yaml", (ROOT / "examples/lab-home.yaml").read_text() + keys)).spec
    assert spec is not None
    return build(spec, Path("/srv"))


PAIR: Subject = subject(topology())
BOARD: Mapping[str, Any] = json.loads(dashboard(PAIR))
QUERIES = [(panel["title"], target["expr"]) for panel in BOARD["panels"] for target in panel.get("targets", ())]


@pytest.fixture(scope="module")
def programs() -> Path:
    return ensure_programs()


@pytest.fixture(scope="module")
def watching(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has seen both load balancers for some seconds, by the scrape jobs that we make."""
    haproxy = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/sbin")
    if haproxy is None:
        pytest.skip("haproxy is not installed")
    folder = tmp_path_factory.mktemp("watched")
    text = rules(PAIR)
    for slow, fast in FAST.items():
        assert slow in text
        text = text.replace(slow, fast)
    (folder / "rules.yml").write_text(text)
    with told_pair(folder) as ports, real_haproxy(haproxy, folder) as exporter:
        jobs = scrape(topology()).replace("interval: 15s", "interval: 1s")
        for number, (_, port) in enumerate(ports.items(), 1):
            jobs = jobs.replace(f"192.168.1.11{number}:8406", f"127.0.0.1:{port}").replace(
                f"192.168.1.11{number}:8405", f"127.0.0.1:{exporter}"
            )
        assert "192.168." not in jobs
        with prometheus(programs / "prometheus", folder, f"rule_files: [{folder}/rules.yml]\n{jobs}") as running:
            # The figures count from their second look on, 15 s after the first.
            running.wait('ALERTS{alertname="TwinkeelVipTwoHolders",alertstate="firing"}')
            yield running


@pytest.mark.parametrize(("title", "expr"), QUERIES, ids=[f"{title} {number}" for number, (title, _) in enumerate(QUERIES)])
def test_a_real_prometheus_has_an_answer(watching: Prometheus, title: str, expr: str) -> None:
    assert watching.wait(expr.replace("$__rate_interval", "1m"))


def test_both_jobs_are_up_and_named_alike(watching: Prometheus) -> None:
    found = watching.query("up == 1")
    named = {(each["metric"]["job"], each["metric"]["cluster"], each["metric"]["load_balancer"]) for each in found}
    assert named == {
        (job, "lab-home", name) for job in ("twinkeel-lab-home", "twinkeel-haproxy-lab-home") for name in ("lb-1", "lb-2")
    }


def test_no_series_of_ours_is_renamed(watching: Prometheus) -> None:
    assert watching.query('{__name__=~"twinkeel_.*",exported_load_balancer!=""}') == []


def test_an_alert_fires_with_its_words(watching: Prometheus) -> None:
    """Both hold the loopback's address here."""
    with urllib.request.urlopen(f"http://127.0.0.1:{watching.port}/api/v1/alerts", timeout=60) as answer:
        alerts = {alert["labels"]["alertname"]: alert for alert in json.load(answer)["data"]["alerts"]}
    told = alerts["TwinkeelVipTwoHolders"]
    assert told["annotations"]["summary"] == "lab-home: 2 load balancers hold 127.0.0.1"
    assert told["annotations"]["runbook_url"] == "docs/alerts.md#twinkeelviptwoholders"


def test_haproxys_own_metrics_are_called_as_the_rules_call_them(watching: Prometheus) -> None:
    states = {each["metric"]["server"]: each["value"][1] for each in watching.query('haproxy_server_status{state="UP"}')}
    assert states == {"master-1": "1", "master-2": "0"}
    for metric in ("haproxy_backend_active_servers", "haproxy_frontend_limit_sessions", "haproxy_process_uptime_seconds"):
        assert watching.query(metric), metric


def test_promtool_finds_nothing_against_the_program_s_metrics(programs: Path, tmp_path: Path) -> None:
    with told_pair(tmp_path) as ports:
        end, text = time.monotonic() + DEADLINE, ""
        while "certificate_not_after" not in text:
            assert time.monotonic() < end
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{ports['lb-1']}/metrics", timeout=60) as answer:
                text = answer.read().decode()
            time.sleep(0.1)
    ended = subprocess.run([programs / "promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_promtool_takes_the_scrape_jobs(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "scrape.yml").write_text(scrape(topology(KEYS.replace("host}}", "host, user: prometheus}}"))))
    argv = [programs / "promtool", "check", "config", "--syntax-only", tmp_path / "scrape.yml"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr + ended.stdout
