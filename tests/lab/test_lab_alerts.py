"""Each alert fires in a drill and resolves after it: a real Prometheus and Alertmanager in the lab's client, with our rules.

How long a condition must hold is cut to seconds here; tests/checkers/test_alert_rules.py has the rules as they are.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from labs import ROOT, TWINKEEL, Lab, make_lab

sys.path.insert(0, str(ROOT / "tests/checkers"))

from prometheus_programs import ensure_programs  # type: ignore[import-not-found]

SPEC = """\
name: lab-watched
domain: lab-home.com
endpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101, master-2: 192.168.1.103, master-3: 192.168.1.105}
monitoring: {address: host}
haproxy: {max_connections: 100, metrics: {address: host}}
kubernetes: {network_plugin: calico}
"""
PROMETHEUS, ALERTMANAGER = 19090, 19093
DEADLINE = 180.0
BOTH = ("lb-1", "lb-2")
STRANGER = (
    "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112);"
    "[s.sendto(bytes([0x31, {vrid}, 1, 1, 0, 7, 0, 0, 192, 168, 1, 110]), ('{address}', 0)) for _ in range(5)]"
)
CROWD = "import socket, time; kept = [socket.create_connection(('192.168.1.110', 6443)) for _ in range(90)]; time.sleep(600)"


@dataclass(frozen=True)
class Watch:
    """The lab, and an Alertmanager that hears of it."""

    lab: Lab

    def firing(self) -> set[str]:
        """The names of the alerts that Alertmanager has."""
        url = f"http://127.0.0.1:{ALERTMANAGER}/api/v2/alerts?active=true"
        ended = self.lab.run(
            "client", [sys.executable, "-c", f"import urllib.request as r; print(r.urlopen('{url}').read().decode())"]
        )
        assert ended.returncode == 0, ended.stderr
        return {alert["labels"]["alertname"] for alert in json.loads(ended.stdout)}

    def wait(self, until: Callable[[set[str]], bool]) -> set[str]:
        """The alerts once they are so."""
        end = time.monotonic() + DEADLINE
        while True:
            found = self.firing()
            if until(found):
                return found
            assert time.monotonic() < end, found
            time.sleep(1.0)

    def must(self, host: str, *argv: str) -> str:
        """A command on a host that must succeed."""
        ended = self.lab.run(host, argv)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def holder(self) -> str:
        """Who has the virtual IP."""
        status = json.loads(self.lab.run("operator", ["twinkeel", "status", "--format", "json"]).stdout)
        return str(status["vips"][0]["holders"][0])

    def standby(self) -> str:
        """Who has it not."""
        return next(name for name in BOTH if name != self.holder())


@contextmanager
def running(lab: Lab, *argv: str) -> Iterator[None]:
    """A program in the client's network; its own child alone is ended."""
    with subprocess.Popen([TWINKEEL, "lab", "exec", "--name", lab.name, "client", "--", *argv]) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Two load balancers, three API servers, and all is well."""
    programs, folder = ensure_programs(), tmp_path_factory.mktemp("watch")
    (folder / "twinkeel.yaml").write_text(SPEC)
    for lab in make_lab("test-alerts", folder / "twinkeel.yaml"):
        ended = lab.run("operator", ["twinkeel", "apply"])
        assert ended.returncode == 0, ended.stderr
        (folder / "prometheus.yml").write_text(configuration(folder))
        (folder / "alertmanager.yml").write_text("route: {receiver: nobody, group_wait: 0s}\nreceivers: [{name: nobody}]\n")
        prometheus = [str(programs / "prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
        prometheus += [f"--web.listen-address=127.0.0.1:{PROMETHEUS}", "--log.level=error"]
        manager = [str(programs / "prometheus-alertmanager"), f"--config.file={folder}/alertmanager.yml"]
        manager += [f"--storage.path={folder}/manager", f"--web.listen-address=127.0.0.1:{ALERTMANAGER}"]
        manager += ["--cluster.listen-address=", "--log.level=error"]
        with running(lab, *manager), running(lab, *prometheus):
            end = time.monotonic() + DEADLINE
            while lab.run("client", ["sh", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{ALERTMANAGER}"]).returncode:
                if time.monotonic() > end:
                    break
                time.sleep(0.5)
            yield Watch(lab)


def configuration(folder: Path) -> str:
    """What Prometheus reads: our rules, sooner, and our scrape jobs, more often."""

    def made(what: str) -> str:
        argv = [TWINKEEL, "monitor", what, "-f", str(folder / "twinkeel.yaml")]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.replace("interval: 15s", "interval: 1s")

    (folder / "rules.yml").write_text(re.sub(r"( for:) \S+", r"\1 2s", made("rules")).replace("[3m]", "[40s]"))
    alerting = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{ALERTMANAGER}']}}]}}]}}"
    # Alertmanager forgets an alert that is not told again: as Prometheus does by itself, but sooner.
    return f"global: {{evaluation_interval: 1s}}\nrule_files: [{folder}/rules.yml]\n{alerting}\n{made('scrape')}"


@pytest.fixture
def well(watch: Watch) -> Watch:
    """Nothing fires, apart from what looks back over an hour."""
    watch.wait(lambda alerts: alerts <= {"TwinkeelVipMovesTooOften", "TwinkeelHaproxyKilled", "TwinkeelStrangerAdvertises"})
    return watch


def on_standby(fault: str, heal: str) -> tuple[Callable[[Watch], object], Callable[[Watch, object], object]]:
    """A fault on whoever does not hold the virtual IP, by a shell command, and its end on the same host."""

    def begin(watch: Watch) -> object:
        host = watch.standby()
        watch.must(host, "sh", "-c", fault)
        return host

    return begin, lambda watch, host: watch.must(str(host), "sh", "-c", heal)


def on_both(fault: str, heal: str) -> tuple[Callable[[Watch], object], Callable[[Watch, object], object]]:
    """The same on both load balancers."""
    return (
        lambda watch: [watch.must(host, "sh", "-c", fault) for host in BOTH],
        lambda watch, _: [watch.must(host, "sh", "-c", heal) for host in BOTH],
    )


def on_holder(fault: str, heal: str) -> tuple[Callable[[Watch], object], Callable[[Watch, object], object]]:
    """The same on whoever holds it."""

    def begin(watch: Watch) -> object:
        host = watch.holder()
        watch.must(host, "sh", "-c", fault)
        return host

    return begin, lambda watch, host: watch.must(str(host), "sh", "-c", heal)


CHAIN = "'{ type filter hook input priority -5; }'"
DEAF = f"nft add table inet drill && nft add chain inet drill in {CHAIN} && nft add rule inet drill in"
HEARS = "nft delete table inet drill"
GENERATIONS = "/var/lib/twinkeel/generations"
FAULTS = {
    "TwinkeelHaproxyDown": on_standby("systemctl stop haproxy", "systemctl start haproxy"),
    "TwinkeelNoStandby": on_standby("systemctl stop keepalived", "systemctl start keepalived"),
    "TwinkeelUnitNotRunning": on_standby("systemctl stop keepalived", "systemctl start keepalived"),
    "TwinkeelHeldInStandby": on_standby("echo 1 > /run/twinkeel/standby", "echo 0 > /run/twinkeel/standby"),
    "TwinkeelLoadBalancerSilent": on_standby("systemctl stop twinkeel-metrics", "systemctl start twinkeel-metrics"),
    "TwinkeelVipHolderUnknown": on_holder("systemctl stop twinkeel-metrics", "systemctl start twinkeel-metrics"),
    "TwinkeelAllSilent": on_both("systemctl stop twinkeel-metrics", "systemctl start twinkeel-metrics"),
    "TwinkeelVipWithoutHolder": on_both("systemctl stop keepalived", "systemctl start keepalived"),
    "TwinkeelVipTwoHolders": on_both(f"{DEAF} ip protocol 112 drop", HEARS),
    "TwinkeelHaproxyNotScraped": on_standby(f"{DEAF} tcp dport 8405 drop", HEARS),
    "TwinkeelWatchdogSilent": on_standby("systemctl stop twinkeel-liveness", "systemctl start twinkeel-liveness"),
    "TwinkeelFilesDrift": on_standby(
        "cp -p /etc/haproxy/haproxy.cfg /root/kept && echo '# by hand' >> /etc/haproxy/haproxy.cfg",
        "mv /root/kept /etc/haproxy/haproxy.cfg",
    ),
    "TwinkeelCollectFails": on_standby(
        f"mv {GENERATIONS} {GENERATIONS}.kept && touch {GENERATIONS}", f"rm {GENERATIONS} && mv {GENERATIONS}.kept {GENERATIONS}"
    ),
    "TwinkeelNoApiServer": on_standby(f"{DEAF} tcp sport 6443 ip saddr 192.168.1.101-192.168.1.105 drop", HEARS),
    "TwinkeelApiServerDown": on_standby(f"{DEAF} tcp sport 6443 ip saddr 192.168.1.103 drop", HEARS),
    "TwinkeelApiServerDrained": (
        lambda watch: watch.must("operator", "twinkeel", "drain", "master-2"),
        lambda watch, _: watch.must("operator", "twinkeel", "undrain", "master-2"),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_it_fires_and_resolves(well: Watch, name: str) -> None:
    begin, end = FAULTS[name]
    token = begin(well)
    try:
        well.wait(lambda alerts: name in alerts)
    finally:
        end(well, token)
    well.wait(lambda alerts: name not in alerts)


def test_a_crowd_fills_the_endpoint(well: Watch) -> None:
    with running(well.lab, sys.executable, "-c", CROWD):
        well.wait(lambda alerts: "TwinkeelConnectionsNearLimit" in alerts)
    well.wait(lambda alerts: "TwinkeelConnectionsNearLimit" not in alerts)


def test_a_haproxy_that_hangs_is_told(well: Watch) -> None:
    """It looks back over an hour, so it does not resolve here."""
    well.must(well.standby(), "systemctl", "kill", "--signal=STOP", "haproxy.service")
    well.wait(lambda alerts: "TwinkeelHaproxyKilled" in alerts)


def test_somebody_elses_router_is_told(well: Watch) -> None:
    vrid = json.loads(well.lab.run("operator", ["twinkeel", "explain", "--format", "json"]).stdout)["vrrp"]["vrid"]
    well.must("client", sys.executable, "-c", STRANGER.format(vrid=vrid, address="192.168.1.111"))
    well.wait(lambda alerts: "TwinkeelStrangerAdvertises" in alerts)


def test_moves_are_counted(well: Watch) -> None:
    for _ in range(5):
        well.must("operator", "twinkeel", "switchover")
    well.wait(lambda alerts: "TwinkeelVipMovesTooOften" in alerts)
