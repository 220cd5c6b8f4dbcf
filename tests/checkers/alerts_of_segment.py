"""Prometheus and Alertmanager on a host of a segment of network namespaces, with our rules cut to seconds, and what they say."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from second_chance.segment import Host

from twinkeel.monitor.rules import rules
from twinkeel.monitor.scrape import scrape
from twinkeel.monitor.subject import subject
from twinkeel.topology.model import Topology

ALERTMANAGER = "http://127.0.0.1:9093/api/v2/alerts?active=true"
DEADLINE = 180.0


class Alerts:
    """What a site's Alertmanager has."""

    @property
    def watcher(self) -> Host:
        """The host that Alertmanager runs on."""
        raise NotImplementedError

    def firing(self) -> set[str]:
        """The names of the alerts that Alertmanager has."""
        ask = f"import urllib.request as r; print(r.urlopen('{ALERTMANAGER}', timeout=9).read().decode())"
        return {alert["labels"]["alertname"] for alert in json.loads(self.watcher.run(sys.executable, "-c", ask))}

    def become(self, until: Callable[[set[str]], bool]) -> bool:
        """Whether the alerts are so before the deadline."""
        end = time.monotonic() + DEADLINE
        while not until(self.firing()):
            if time.monotonic() > end:
                return False
            time.sleep(0.5)
        return True

    def answers(self) -> bool:
        """Whether Alertmanager is up."""
        try:
            self.firing()
        except AssertionError:
            return False
        return True


def prepare(client: Host, programs: Path, topology: Topology) -> None:
    """What Prometheus reads, our rules and scrape jobs, only sooner; start Alertmanager."""
    text = re.sub(r"( for:) \S+", r"\1 2s", rules(subject(topology)))
    for slow, fast in {"interval: 15s": "interval: 1s", "[3m]": "[20s]", ") > 60 and": ") > 20 and"}.items():
        assert slow in text
        text = text.replace(slow, fast)
    folder = client.files
    # Debian's Alertmanager reads its templates from there, and cannot start without; this host's own /usr/share is hidden from it.
    client.run("mount", "--bind", str(programs.parent / "share"), "/usr/share")
    (folder / "rules.yml").write_text(text)
    tells = "alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:9093']}]}]}"
    jobs = scrape(topology).replace("interval: 15s", "interval: 2s")
    (folder / "prometheus.yml").write_text(f"rule_files: [{folder}/rules.yml]\n{tells}\n{jobs}")
    (folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    manager = ["--cluster.listen-address=", "--web.listen-address=127.0.0.1:9093", "--log.level=error"]
    client.start(
        str(programs / "prometheus-alertmanager"),
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/alertmanager",
        *manager,
    )


def start_prometheus(client: Host, programs: Path) -> subprocess.Popen[str]:
    """With what it wrote down before, if it ran already."""
    options = [f"--config.file={client.files}/prometheus.yml", f"--storage.tsdb.path={client.files}/tsdb"]
    options += ["--web.listen-address=127.0.0.1:9090", "--log.level=error"]
    return client.start(str(programs / "prometheus"), *options)
