"""What load balancers tell Prometheus and the live page, under a real systemd: applied, moved, looked at, and taken out again."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from labs import HERE, TWINKEEL, Lab, make_lab

from browser import MISSING

VIP = "192.168.1.110"
PAIR = {"lb-1": "192.168.1.111", "lb-2": "192.168.1.112"}
SPEC = f"""\
name: lab-monitor
domain: lab-home.com
endpoint: {{name: lb.lab-home.com, vip: {VIP}/24}}
load_balancers: {{lb-1: {PAIR["lb-1"]}, lb-2: {PAIR["lb-2"]}}}
control_plane: {{master-1: 192.168.1.101}}
monitoring: {{address: host}}
"""
DEADLINE = 60.0
PROGRAM = "/usr/local/lib/twinkeel/metrics"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two load balancers before one API server."""
    path = tmp_path_factory.mktemp("monitor-spec") / "twinkeel.yaml"
    path.write_text(SPEC)
    for lab in make_lab("test-monitor", path):
        ended = lab.run("operator", ["twinkeel", "apply"])
        assert ended.returncode == 0, ended.stdout + ended.stderr
        yield lab


def metrics(lab: Lab, host: str) -> dict[str, float]:
    """As a scrape from another machine sees them: series with their labels, and values."""
    ended = lab.run("operator", ["curl", "-sS", "--fail", "--max-time", "10", f"http://{PAIR[host]}:8406/metrics"])
    assert ended.returncode == 0, ended.stderr
    lines = (line.rpartition(" ") for line in ended.stdout.splitlines() if line and not line.startswith("#"))
    return {series: float(value) for series, _, value in lines}


def of(found: dict[str, float], name: str, **labels: str) -> list[float]:
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return [value for series, value in found.items() if re.match(rf"{name}(\{{|$)", series) and all(w in series for w in wanted)]


def holders(lab: Lab) -> list[str]:
    return [name for name in PAIR if of(metrics(lab, name), "twinkeel_vip_held", vip=VIP) == [1]]


def looked_at(lab: Lab, host: str) -> dict[str, float]:
    """Once units and files were looked at with everything in place: that is every 15 s."""
    end = time.monotonic() + DEADLINE
    while set(of(found := metrics(lab, host), "twinkeel_unit_active")) != {1} or set(of(found, "twinkeel_files_drift")) != {0}:
        assert time.monotonic() < end, found
        time.sleep(1)
    return found


def test_each_load_balancer_tells_of_itself(watched: Lab) -> None:
    (holder,) = holders(watched)
    for name in PAIR:
        found = looked_at(watched, name)
        state = "master" if name == holder else "backup"
        assert of(found, "twinkeel_vrrp_state", state=state) == [1]
        assert set(of(found, "twinkeel_collect_failed")) == {0}
        assert of(found, "twinkeel_generation") == [1]
        assert min(of(found, "twinkeel_certificate_not_after_timestamp_seconds")) > 1.7e9
    (standby,) = PAIR.keys() - {holder}
    assert max(of(metrics(watched, standby), "twinkeel_vrrp_advertisements_heard_total")) > 0


def test_a_move_is_counted_on_both_sides(watched: Lab) -> None:
    (before,) = holders(watched)
    (target,) = PAIR.keys() - {before}
    taken, released = (
        of(metrics(watched, target), "twinkeel_vip_taken_total", vip=VIP),
        of(metrics(watched, before), "twinkeel_vip_released_total", vip=VIP),
    )
    ended = watched.run("operator", ["twinkeel", "switchover"])
    assert ended.returncode == 0, ended.stderr
    assert holders(watched) == [target]
    assert of(metrics(watched, target), "twinkeel_vip_taken_total", vip=VIP) == [taken[0] + 1]
    assert of(metrics(watched, before), "twinkeel_vip_released_total", vip=VIP) == [released[0] + 1]


def test_the_program_may_do_little(watched: Lab) -> None:
    """Its unit's sandbox, as systemd itself has it."""
    shown = watched.run("lb-1", ["systemctl", "show", "-p", "User,DynamicUser,ProtectSystem,NoNewPrivileges", "twinkeel-metrics"])
    assert "ProtectSystem=strict" in shown.stdout
    assert "NoNewPrivileges=yes" in shown.stdout


@contextmanager
def program(lab: Lab, *argv: str) -> Iterator[subprocess.Popen[str]]:
    """Something that runs in the operator while the body does; it ends with its input, or is asked to."""
    command = [TWINKEEL, "lab", "exec", "--name", lab.name, "operator", "--", *argv]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.terminate()


class Page:
    """What a browser shows, as it changes."""

    def __init__(self, reader: subprocess.Popen[str]) -> None:
        assert reader.stdout is not None
        self._lines = iter(reader.stdout)

    def until(self, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What is shown when that is first so; the suite's own timeout ends the wait."""
        return next(shown for shown in map(json.loads, self._lines) if what(shown))


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_the_live_page_shows_a_planned_move_and_a_power_loss(watched: Lab, tmp_path: Path) -> None:
    (before,) = holders(watched)
    (target,) = PAIR.keys() - {before}
    with program(watched, "twinkeel", "serve", "--port", "0", "--drills", str(tmp_path)) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        with program(watched, sys.executable, str(HERE / "page_reader.py"), url) as reader:
            page = Page(reader)
            page.until(lambda shown: shown["verdict"] == "verdict good" and shown["holder"] == [before])

            ended = watched.run("operator", ["twinkeel", "switchover"])
            assert ended.returncode == 0, ended.stderr
            shown = page.until(lambda shown: shown["holder"] == [target] and bool(shown["moves"]))
            assert f"{before} → {target}" in shown["moves"][0]
            page.until(lambda shown: shown["verdict"] == "verdict good")

            watched.command("power-off", target)
            shown = page.until(lambda shown: shown["holder"] == [before])
            # It died, and never said that it let go: nobody takes what it said before for a second holder.
            assert not any("at the same time" in line for line in shown["timeline"])
            page.until(
                lambda shown: shown["verdict"] == "verdict warn" and f"{target} cannot be reached" in " ".join(shown["timeline"])
            )
            watched.command("power-on", target)
            page.until(lambda shown: shown["verdict"] == "verdict good")


def test_it_leaves_nothing_when_it_is_taken_out(watched: Lab) -> None:
    spec = watched.paths.spec_file
    spec.write_text(spec.read_text().replace("monitoring: {address: host}\n", ""))
    ended = watched.run("operator", ["twinkeel", "apply"])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in PAIR:
        assert watched.run(name, ["systemctl", "is-active", "twinkeel-metrics"]).stdout.strip() == "inactive"
        assert watched.run(name, ["ls", PROGRAM]).returncode != 0
    assert watched.run("operator", ["curl", "-sS", "--max-time", "5", f"http://{PAIR['lb-1']}:8406/metrics"]).returncode != 0
