"""Each alert fires in a drill and resolves after it: Keepalived, HAProxy, the watchdog, our metrics, Prometheus, Alertmanager.

All of them are real, on a segment of network namespaces. What would take minutes is cut to seconds (the looks of the metrics, how
long a condition must hold); test_alert_rules.py has the rules as they are. Only `systemctl` is a stub: there is no systemd.
"""

import datetime
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from alerts_of_segment import DEADLINE, Alerts, prepare, start_prometheus
from prometheus_programs import ensure_programs
from scraped_pair import authority
from second_chance.segment import Balancer, Host, Segment, require_programs, segment, wait_for

from twinkeel.monitor.alerts.registry import ALERTS
from twinkeel.monitor.runbook import EXAMPLE
from twinkeel.plan.unit_actions import UnitFile, digests
from twinkeel.render.keepalived import CONFIG_PATH as KEEPALIVED_PATH
from twinkeel.render.monitoring import CONFIG_PATH, WATCHED_UNITS
from twinkeel.render.render import render
from twinkeel.render.systemd import DOWN_FILE, LIVENESS_STATE, STANDBY_FILE
from twinkeel.render.template import read
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

ROOT = Path(__file__).parents[2]
KEYS = "\nmonitoring: {address: host}\nhaproxy: {metrics: {address: host}}\nservices: {https: {port: 443}}\n"
SERVER, PORTS = "192.168.1.201", {"master-1": 7001, "master-2": 7002, "master-3": 7003, "ingress": 7004}
LOOKS_BACK = {"TwinkeelVipMovesTooOften", "TwinkeelHaproxyKilled", "TwinkeelStrangerAdvertises"}
"""They look back over minutes or an hour, and do not resolve while a test waits."""

HAPROXY = f"""
global
  stats socket {{folder}}/admin.sock level admin
defaults
  mode tcp
  timeout connect 1s
  timeout client 60s
  timeout server 60s
frontend kubernetes-endpoint
  bind *:7443
  maxconn 20
  default_backend kubernetes-api
backend kubernetes-api
  default-server check inter 500ms fall 2 rise 1
  server master-1 {SERVER}:7001
  server master-2 {SERVER}:7002
  server master-3 {SERVER}:7003
backend service.https
  server ingress {SERVER}:7004
frontend twinkeel-local
  mode http
  bind 127.0.0.1:8404
  monitor-uri /live
  http-request return status 200 if {{{{ path /ready }}}}
frontend twinkeel-metrics
  mode http
  bind *:8405
  http-request use-service prometheus-exporter if {{{{ path /metrics }}}}
"""
SYSTEMCTL = """\
#!/bin/sh
case "$*" in
kill*) kill -9 "$(cat {folder}/haproxy.pid)" ;;
*NRestarts*) cat {folder}/units ;;
*) printf 'ActiveState=active\\nActiveEnterTimestampMonotonic=1\\n' ;;
esac
"""
CROWD = (
    "import socket, time; kept = [socket.create_connection(('192.168.1.{last}', 7443)) for _ in range(18)];"
    "print(1, flush=True); time.sleep(600)"
)
STRANGER = (
    "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112);"
    "s.sendto(bytes([0x31, {vrid}, 1, 1, 0, 7, 0, 0, 192, 168, 1, 110]), ('192.168.1.111', 0))"
)


@dataclass
class Watched:
    """A load balancer with what runs on it. `running` are its programs by name."""

    host: Balancer
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.host.files

    def start(self, name: str) -> None:
        """A program, as its unit would."""
        path = f"PATH={self.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        metrics = [sys.executable, str(self.folder / "metrics"), str(self.folder / "metrics.json")]
        watchdog = [sys.executable, str(self.folder / "liveness"), "--port=8404", "--interval=0.25", "--deadline=1"]
        watchdog += [f"--down-file={DOWN_FILE}", f"--state-file={LIVENESS_STATE}"]
        argv = {
            "haproxy": ["haproxy", "-db", "-f", str(self.folder / "watched.cfg")],
            "metrics": ["env", path, *metrics],
            "slow-clock": ["env", path, f"PYTHONPATH={self.folder}/slow", *metrics],
            "liveness": ["env", path, *watchdog],
        }[name]
        self.running[name] = self.host.start(*argv)
        if name == "haproxy":
            # nsenter has become HAProxy.
            (self.folder / "haproxy.pid").write_text(str(self.running[name].pid))
            self.host.write(DOWN_FILE, "0\n")

    def stop(self, name: str, number: int = signal.SIGKILL) -> None:
        self.running[name].send_signal(number)
        if number == signal.SIGKILL:
            self.running[name].wait(10)

    def units(self, keepalived: str = "active") -> None:
        """What the stub of systemctl says."""
        blocks = (
            f"Id={unit}\nActiveState={keepalived if unit == 'keepalived.service' else 'active'}\nNRestarts=0\n"
            for unit in WATCHED_UNITS
        )
        (self.folder / "units.new").write_text("\n".join(blocks))
        (self.folder / "units.new").rename(self.folder / "units")

    def filter(self, rule: str | None) -> None:
        """Drop what the rule says of what comes in; None ends that."""
        if rule is None:
            self.host.run("nft", "delete", "table", "inet", "drill")
        else:
            chain = "chain in { type filter hook input priority -5;"
            self.host.run("nft", "-f", "-", text=f"table inet drill {{\n{chain}\n{rule} drop\n}}\n}}\n")

    def admin(self, command: str) -> None:
        """A word to HAProxy."""
        talk = (
            f"import socket; s = socket.socket(socket.AF_UNIX); s.connect('{self.folder}/admin.sock'); s.sendall(b'{command}\\n')"
        )
        self.host.run(sys.executable, "-c", talk)

    def authority(self, days: int) -> None:
        """A cluster's authority that lasts so long; certificates are looked at now and then."""
        (self.folder / "ca.new").write_bytes(authority(datetime.timedelta(days=days)))
        (self.folder / "ca.new").rename(self.folder / "ca.pem")


@dataclass
class Site(Alerts):
    """The segment, watched."""

    made: Segment
    watched: dict[str, Watched]
    start_prometheus: Callable[[], subprocess.Popen[str]]
    prometheus: subprocess.Popen[str] | None = None

    @property
    def watcher(self) -> Host:
        return self.made.client

    @property
    def holder(self) -> Watched:
        return self.watched[self.made.holder(self.made.vips[0]).name]

    @property
    def standby(self) -> Watched:
        return next(each for each in self.watched.values() if each is not self.holder)


def set_up(host: Balancer, topology: Topology) -> Watched:
    """The host's files for all that runs there."""
    watched, folder = Watched(host), host.files
    for name, program in (("metrics", "metrics"), ("liveness", "haproxy-liveness")):
        (folder / name).write_text(read(program))
    looks = "LOOK, TICK, CERTIFICATES = 15.0, 1.0, 3600.0"
    text = (folder / "metrics").read_text()
    assert looks in text
    (folder / "metrics").write_text(text.replace(looks, looks.replace("15.0, 1.0, 3600.0", "2.0, 0.5, 3.0")))
    (folder / "watched.cfg").write_text(HAPROXY.format(folder=folder))
    (folder / "bin").mkdir()
    (folder / "bin/systemctl").write_text(SYSTEMCTL.format(folder=folder))
    (folder / "bin/systemctl").chmod(0o755)
    (folder / "slow").mkdir()
    (folder / "slow/sitecustomize.py").write_text("import time\nright = time.time\ntime.time = lambda: right() - 900\n")
    (folder / "generations").mkdir()
    watched.units()
    watched.authority(365)
    rendered = {file.path: file for file in render(topology).hosts[host.name]}
    config = json.loads(rendered[CONFIG_PATH].content)
    places = {"notes": "loaded.json", "live": "live.json", "generations": "generations", "ca_file": "ca.pem"}
    config |= {name: str(folder / file) for name, file in places.items()}
    (folder / "metrics.json").write_text(json.dumps(config | {"api_servers": []}))
    (folder / "file").write_text("as applied\n")
    known = [UnitFile(str(folder / "file"), b"as applied\n", "haproxy", "reload")]
    (folder / "loaded.json").write_text(json.dumps(digests(known, ["haproxy"])))
    entry = {"path": str(folder / "file"), "unit": "haproxy", "on_change": "reload"}
    (folder / "live.json").write_text(json.dumps({"when": "2026-11-30T01:02:03+00:00", "files": [entry]}))
    return watched


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two load balancers, their servers, and a client with Prometheus and Alertmanager."""
    require_programs()
    programs, folder = ensure_programs(), tmp_path_factory.mktemp("drills")
    spec = load(SourceFile("lab-home.yaml", (ROOT / "examples/lab-home.yaml").read_text() + KEYS)).spec
    assert spec is not None
    topology = build(spec, Path("/srv"))
    with segment(topology, folder) as made:
        server = next(host for host in made.hosts if host.name == "server")
        for port in PORTS.values():
            server.start(sys.executable, "-m", "http.server", str(port), "--bind", SERVER, "--directory", str(server.files))
        watched = {name: set_up(host, topology) for name, host in made.balancers.items()}
        for each in watched.values():
            for program in ("haproxy", "liveness", "metrics"):
                each.start(program)
        prepare(made.client, programs, topology)
        found = Site(made, watched, lambda: start_prometheus(made.client, programs))
        found.prometheus = found.start_prometheus()
        wait_for(found.answers, "Alertmanager does not answer", DEADLINE)
        yield found


# --- The faults: each is a context, in which the fault is there. Nothing is raised in it, so it always heals.


@contextmanager
def haproxy_killed(site: Site) -> Iterator[None]:
    one = site.standby
    one.stop("haproxy")
    yield
    one.start("haproxy")


@contextmanager
def keepalived_stopped(site: Site) -> Iterator[None]:
    one = site.standby
    one.host.keepalived.terminate()
    one.host.keepalived.wait(10)
    one.units("inactive")
    yield
    one.units()
    one.host.start_keepalived()


def standby_requested(everywhere: bool) -> "Fault":
    @contextmanager
    def fault(site: Site) -> Iterator[None]:
        those = [*site.watched.values()] if everywhere else [site.standby]
        for one in those:
            one.host.write(STANDBY_FILE, "1\n")
        yield
        for one in those:
            one.host.write(STANDBY_FILE, "0\n")

    return fault


def metrics_ended(whose: Callable[[Site], list[Watched]]) -> "Fault":
    @contextmanager
    def fault(site: Site) -> Iterator[None]:
        those = whose(site)
        for one in those:
            one.stop("metrics")
        yield
        for one in those:
            one.start("metrics")

    return fault


def filtered(rule: str, *, everywhere: bool = False) -> "Fault":
    @contextmanager
    def fault(site: Site) -> Iterator[None]:
        those = [*site.watched.values()] if everywhere else [site.standby]
        for one in those:
            one.filter(rule)
        yield
        for one in those:
            one.filter(None)

    return fault


@contextmanager
def watchdog_stopped(site: Site) -> Iterator[None]:
    one = site.standby
    one.stop("liveness", signal.SIGSTOP)
    yield
    one.stop("liveness", signal.SIGCONT)


@contextmanager
def file_changed(site: Site) -> Iterator[None]:
    path = site.standby.folder / "file"
    path.write_text("by hand\n")
    yield
    path.write_text("as applied\n")


@contextmanager
def generations_unreadable(site: Site) -> Iterator[None]:
    path = site.standby.folder / "generations"
    path.rmdir()
    path.write_text("no folder")
    yield
    path.unlink()
    path.mkdir()


@contextmanager
def clock_wrong(site: Site) -> Iterator[None]:
    one = site.standby
    one.stop("metrics")
    one.start("slow-clock")
    yield
    one.stop("slow-clock")
    one.start("metrics")


def told(begin: str, end: str) -> "Fault":
    @contextmanager
    def fault(site: Site) -> Iterator[None]:
        one = site.standby
        one.admin(begin)
        yield
        one.admin(end)

    return fault


def expiring(days: int) -> "Fault":
    @contextmanager
    def fault(site: Site) -> Iterator[None]:
        one = site.standby
        one.authority(days)
        yield
        one.authority(365)

    return fault


@contextmanager
def crowded(site: Site) -> Iterator[None]:
    last = 111 if site.standby.host.name == "lb-1" else 112
    crowd = site.made.client.start(sys.executable, "-c", CROWD.format(last=last))
    assert crowd.stdout is not None
    crowd.stdout.readline()
    yield
    crowd.kill()
    crowd.wait()


@contextmanager
def fewer_advertisements(site: Site) -> Iterator[None]:
    """A holder that sends a third of what it should. Version 3 tells its interval, so nobody takes over."""
    one = site.holder
    path = one.folder / Path(KEEPALIVED_PATH).name
    before = path.read_text()
    path.write_text(re.sub(r"advert_int \S+", "advert_int 0.2", before))
    one.host.keepalived.send_signal(signal.SIGHUP)
    yield
    path.write_text(before)
    one.host.keepalived.send_signal(signal.SIGHUP)


@contextmanager
def haproxy_hung(site: Site) -> Iterator[None]:
    one = site.standby
    one.stop("haproxy", signal.SIGSTOP)
    one.running["haproxy"].wait(30)
    one.start("haproxy")
    yield


@contextmanager
def stranger(site: Site) -> Iterator[None]:
    vrid = site.made.topology.load_balancers[0].instances[0].vrid
    site.made.client.run(sys.executable, "-c", STRANGER.format(vrid=vrid))
    yield


@contextmanager
def moved_about(site: Site) -> Iterator[None]:
    for _ in range(5):
        site.made.move(keep=False)
        time.sleep(2.5)
    yield


Fault = Callable[[Site], "contextmanager[None]"]  # type: ignore[type-arg]
FAULTS: dict[str, Fault] = {
    "TwinkeelHaproxyDown": haproxy_killed,
    "TwinkeelNoStandby": keepalived_stopped,
    "TwinkeelUnitNotRunning": keepalived_stopped,
    "TwinkeelHeldInStandby": standby_requested(everywhere=False),
    "TwinkeelVipWithoutHolder": standby_requested(everywhere=True),
    "TwinkeelLoadBalancerSilent": metrics_ended(lambda site: [site.standby]),
    "TwinkeelVipHolderUnknown": metrics_ended(lambda site: [site.holder]),
    "TwinkeelAllSilent": metrics_ended(lambda site: [*site.watched.values()]),
    "TwinkeelVipTwoHolders": filtered("ip protocol 112", everywhere=True),
    "TwinkeelHaproxyNotScraped": filtered("tcp dport 8405"),
    "TwinkeelNoApiServer": filtered("tcp sport 7001-7003"),
    "TwinkeelApiServerDown": filtered("tcp sport 7002"),
    "TwinkeelApiServerDrained": told(
        "set server kubernetes-api/master-3 state drain", "set server kubernetes-api/master-3 state ready"
    ),
    "TwinkeelServiceWithoutServer": told("disable server service.https/ingress", "enable server service.https/ingress"),
    "TwinkeelConnectionsNearLimit": crowded,
    "TwinkeelWatchdogSilent": watchdog_stopped,
    "TwinkeelFilesDrift": file_changed,
    "TwinkeelCollectFails": generations_unreadable,
    "TwinkeelClockOff": clock_wrong,
    "TwinkeelCertificateExpiresSoon": expiring(20),
    "TwinkeelCertificateExpiresNow": expiring(5),
    "TwinkeelAdvertisementsMissing": fewer_advertisements,
    "TwinkeelHaproxyKilled": haproxy_hung,
    "TwinkeelStrangerAdvertises": stranger,
    "TwinkeelVipMovesTooOften": moved_about,
}


def test_every_alert_has_a_drill() -> None:
    """Those about announcers have theirs in bgp/test_alerts_of_announcers.py."""
    assert set(FAULTS) == {alert.name for alert in ALERTS if alert.applies(EXAMPLE)}


@pytest.mark.parametrize("name", FAULTS)
def test_it_fires_and_resolves(site: Site, name: str) -> None:
    assert site.become(lambda alerts: alerts <= LOOKS_BACK), site.firing()
    with FAULTS[name](site):
        fired = site.become(lambda alerts: name in alerts)
    assert fired
    assert name in LOOKS_BACK or site.become(lambda alerts: name not in alerts)


def test_a_prometheus_that_is_killed_in_a_drill_tells_afterwards(site: Site) -> None:
    assert site.become(lambda alerts: alerts <= LOOKS_BACK), site.firing()
    with FAULTS["TwinkeelHeldInStandby"](site):
        assert site.prometheus is not None
        site.prometheus.kill()
        site.prometheus.wait(10)
        site.prometheus = site.start_prometheus()
        fired = site.become(lambda alerts: "TwinkeelHeldInStandby" in alerts)
    assert fired
    assert site.become(lambda alerts: "TwinkeelHeldInStandby" not in alerts)
