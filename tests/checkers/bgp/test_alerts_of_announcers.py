"""Each alert of load balancers that announce fires in a drill and resolves after it: FRR, our programs, Prometheus, Alertmanager.

All of them are real, on a segment of network namespaces. What would take minutes is cut to seconds, as in test_alerts_in_drills.py;
a stub stands for HAProxy, as the program that announces asks for nothing but its answer, and one for `systemctl`.
"""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from alerts_of_segment import DEADLINE, Alerts, prepare, start_prometheus
from prometheus_programs import ensure_programs
from second_chance.segment import Host, wait_for

from twinkeel.monitor.alerts.announcers import ANNOUNCERS
from twinkeel.monitor.dashboard import dashboard
from twinkeel.monitor.subject import Subject, subject
from twinkeel.render.monitoring import BGP_WATCHED_UNITS, CONFIG_PATH
from twinkeel.render.render import render
from twinkeel.render.systemd import DOWN_FILE, STANDBY_FILE
from twinkeel.render.template import read
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

from .segment import PASSWORD, Announcer, Segment, bgp_segment, require_programs
from .test_announce import SPEC, a_persons_word, bfd_of

KEYS = "monitoring: {address: host}\n"
LOOKS_BACK = {"TwinkeelBgpSessionFlaps", "TwinkeelAnnouncerFlaps"}
"""They look back over an hour, and do not resolve while a test waits."""

WINDOW = "[720s]"
BGP, BFD = "tcp dport 179", "udp dport { 3784, 4784 }"


@dataclass
class Site(Alerts):
    """The segment, watched; the programs of each load balancer by its name."""

    segment: Segment
    about: Subject
    announcing: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    telling: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    @property
    def watcher(self) -> Host:
        return self.segment.watcher

    @property
    def one(self) -> Announcer:
        """The load balancer to which things happen."""
        return self.segment.balancers[1]

    def start_metrics(self, host: Announcer) -> None:
        path = f"PATH={host.files}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        argv = ["env", path, sys.executable, str(host.files / "metrics"), str(host.files / "metrics.json")]
        self.telling[host.name] = host.start(*argv)


def set_up(host: Announcer, topology: Topology) -> None:
    """The metrics' program with fast looks, and what it looks at."""
    looks = "LOOK, TICK, CERTIFICATES = 15.0, 1.0, 3600.0"
    text = read("metrics")
    assert looks in text
    (host.files / "metrics").write_text(text.replace(looks, looks.replace("15.0, 1.0", "1.0, 0.5")))
    (host.files / "bin").mkdir()
    (host.files / "bin/systemctl").write_text(f"#!/bin/sh\nexec cat {host.files}/units\n")
    (host.files / "bin/systemctl").chmod(0o755)
    (host.files / "units").write_text("\n".join(f"Id={unit}\nActiveState=active\nNRestarts=0\n" for unit in BGP_WATCHED_UNITS))
    (host.files / "generations").mkdir()
    rendered = {file.path: file for file in render(topology, secrets=Secrets(bgp_password=PASSWORD)).hosts[host.name]}
    config = json.loads(rendered[CONFIG_PATH].content) | {"api_servers": [], "generations": str(host.files / "generations")}
    (host.files / "metrics.json").write_text(json.dumps(config))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require_programs()
    programs, folder = ensure_programs(), tmp_path_factory.mktemp("announcers")
    loaded = load(SourceFile("twinkeel.yaml", SPEC + KEYS))
    assert loaded.spec is not None
    topology = build(loaded.spec, folder)
    with bgp_segment(topology, folder) as segment:
        found, watcher = Site(segment, subject(topology)), segment.watcher
        for each in segment.balancers:
            set_up(each, topology)
            found.announcing[each.name] = each.announce()
            found.start_metrics(each)
            segment.wait_for_next_hops(1)
        a_persons_word(found.one)
        segment.wait_for_next_hops(2)
        wait_for(lambda: all(set(bfd_of(each).values()) == {"up"} for each in segment.balancers), "BFD is not up", 30)
        prepare(watcher, programs, topology)
        rules = watcher.files / "rules.yml"
        assert WINDOW in rules.read_text()
        rules.write_text(rules.read_text().replace(WINDOW, "[8s]"))
        start_prometheus(watcher, programs)
        wait_for(found.answers, "Alertmanager does not answer", DEADLINE)
        yield found


# --- The faults: each is a context, in which the fault is there. Nothing is raised in it, so it always heals.


def let_in_again(host: Announcer) -> None:
    host.run("nft", "delete", "table", "inet", "drill")


def drop(host: Announcer, *rules: str) -> None:
    """Drop what the rules say of what comes in."""
    chain = "\n".join(f"{rule} drop" for rule in rules)
    host.run("nft", "-f", "-", text=f"table inet drill {{\nchain in {{ type filter hook input priority -5;\n{chain}\n}}\n}}\n")


def filtered(*rules: str) -> "Fault":
    @contextmanager
    def fault(site: Site) -> Iterator[None]:
        drop(site.one, *rules)
        yield
        let_in_again(site.one)
        wait_for(lambda: set(bfd_of(site.one).values()) == {"up"}, "BFD does not come up again", 60)

    return fault


def down(everywhere: bool) -> "Fault":
    """HAProxy is down; afterwards a person says that it is well."""

    @contextmanager
    def fault(site: Site) -> Iterator[None]:
        those = site.segment.balancers if everywhere else [site.one]
        for each in those:
            each.say(DOWN_FILE, 1)
        yield
        for each in those:
            each.say(DOWN_FILE, 0)
            wait_for(lambda each=each: each.told()["why"] != "HAProxy is down", "it does not see that HAProxy is back")
            a_persons_word(each)
        site.segment.wait_for_next_hops(2)

    return fault


@contextmanager
def silent_and_withdrawn(site: Site) -> Iterator[None]:
    other = site.segment.balancers[0]
    site.telling[other.name].kill()
    site.telling[other.name].wait()
    with down(everywhere=False)(site):
        yield
    site.start_metrics(other)


@contextmanager
def no_api_server(site: Site) -> Iterator[None]:
    site.one.ready(False)
    yield
    site.one.ready(True)
    wait_for(lambda: site.one.told()["until"] is not None, "it does not wait")
    a_persons_word(site.one)
    site.segment.wait_for_next_hops(2)


@contextmanager
def announcer_hung(site: Site) -> Iterator[None]:
    program = site.announcing[site.one.name]
    program.send_signal(signal.SIGSTOP)
    site.one.say(DOWN_FILE, 1)
    yield
    site.one.say(DOWN_FILE, 0)
    program.send_signal(signal.SIGCONT)


@contextmanager
def sessions_cleared(site: Site) -> Iterator[None]:
    for _ in range(5):
        site.one.run("vtysh", "-c", "clear bgp *")
        time.sleep(2.5)
        site.segment.wait_for_next_hops(2)
    yield


@contextmanager
def asked_aside_again_and_again(site: Site) -> Iterator[None]:
    for _ in range(5):
        site.one.say(STANDBY_FILE, 1)
        wait_for(lambda: not site.one.has_all(), "it does not withdraw")
        site.one.say(STANDBY_FILE, 0)
        wait_for(site.one.has_all, "it does not come back")
        time.sleep(2.5)
    yield


Fault = Callable[[Site], "contextmanager[None]"]  # type: ignore[type-arg]
FAULTS: dict[str, Fault] = {
    "TwinkeelVipNotAnnounced": down(everywhere=True),
    "TwinkeelAnnouncerUnknown": silent_and_withdrawn,
    "TwinkeelOneAnnouncer": down(everywhere=False),
    "TwinkeelVipNotHeard": filtered(BGP, "tcp sport 179"),
    "TwinkeelBgpSessionDown": filtered(f"ip saddr 192.168.1.1 {BGP}", "ip saddr 192.168.1.1 tcp sport 179"),
    "TwinkeelBfdDown": filtered(BFD),
    "TwinkeelAnnouncesNothing": no_api_server,
    "TwinkeelAnnouncedWhileDown": announcer_hung,
    "TwinkeelBgpSessionFlaps": sessions_cleared,
    "TwinkeelAnnouncerFlaps": asked_aside_again_and_again,
}


ASK = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=9).read().decode())"


def test_a_real_prometheus_has_an_answer_to_each_query_of_the_dashboard(site: Site) -> None:
    board = json.loads(dashboard(site.about))
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    of_announcers = [
        expr.replace("$__rate_interval", "1m")
        for expr in asked
        if re.search("twinkeel_(vip_(announced|taken)|announcer|bgp|bfd)", expr)
    ]
    assert len(of_announcers) > 8
    for expr in of_announcers:
        url = f"http://127.0.0.1:9090/api/v1/query?{urlencode({'query': expr})}"
        wait_for(
            lambda url=url: json.loads(site.segment.watcher.run(sys.executable, "-c", ASK, url))["data"]["result"],
            f"nothing answers {expr}",
            DEADLINE,
        )


def test_every_alert_has_a_drill() -> None:
    assert set(FAULTS) == {alert.name for alert in ANNOUNCERS}


@pytest.mark.parametrize("name", FAULTS)
def test_it_fires_and_resolves(site: Site, name: str) -> None:
    assert site.become(lambda alerts: alerts <= LOOKS_BACK), site.firing()
    with FAULTS[name](site):
        fired = site.become(lambda alerts: name in alerts)
    assert fired
    assert name in LOOKS_BACK or site.become(lambda alerts: name not in alerts)
