"""Keepalived 2.4 itself: it accepts the golden files, and two of it hear each other while signing comes and goes.

No release of Debian has it yet. TWINKEEL_KEEPALIVED_24 names the program, built from its source; without it nothing is tested.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from golden_files import golden
from signing_cluster import SigningCluster

from twinkeel.plan.mask_secrets import SecretMask
from twinkeel.plan.model import Desired
from twinkeel.plan.plan import plan
from twinkeel.render.keepalived import CONFIG_PATH
from twinkeel.render.render import render
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

PROGRAM = os.environ.get("TWINKEEL_KEEPALIVED_24", "")
pytestmark = pytest.mark.skipif(not PROGRAM or os.geteuid() != 0, reason="TWINKEEL_KEEPALIVED_24 names no program, or not root")

SPEC = """\
name: signing
domain: signing.example.net
endpoint: {{name: api.signing.example.net, vip: 10.39.0.10/24}}
load_balancers: {{lb-1: 10.39.0.11, lb-2: 10.39.0.12}}
control_plane: {{cp-1: 10.39.0.21, cp-2: 10.39.0.22, cp-3: 10.39.0.23}}
failover: {{advert_interval: 0.25, authentication: {}}}
keepalived: {{version: "2.4"}}
"""
VIP = "10.39.0.10"
ONE_TOO_DEAF = 2.0  # Seconds: more than three intervals and the skew, after which who hears nobody takes the virtual IP.
KEYS = {"none": None, "old key": "0a" * 32, "new key": "0b" * 32}


@cache
def topology_of(authentication: str) -> Topology:
    spec = load(SourceFile("x", SPEC.format(authentication))).spec
    assert spec is not None
    return build(spec, Path("/srv"))


def wanted(name: str) -> tuple[Topology, Desired]:
    topology = topology_of("none" if name == "none" else "hmac")
    rendered = render(topology, "bootstrap", Secrets(vrrp_key=KEYS[name]))
    hosts = {host: tuple(file for file in files if file.path == CONFIG_PATH) for host, files in rendered.hosts.items()}
    return topology, Desired(replace(rendered, hosts=hosts), None, "bootstrap")


class Pair:
    """Two network namespaces with one cable between them, and a Keepalived in each."""

    def __init__(self, folder: Path, configs: dict[str, str]) -> None:
        self.folder = folder
        self.spaces = {name: f"twk{os.getpid()}-{name}" for name in configs}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.seen: list[frozenset[str]] = []
        self._stop = threading.Event()
        first, second = self.spaces.values()
        self._ip("netns", "add", first)
        self._ip("netns", "add", second)
        self._ip("-n", first, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", second)
        for number, (name, space) in enumerate(self.spaces.items(), 11):
            self._ip("-n", space, "addr", "add", f"10.39.0.{number}/24", "dev", "eth0")
            self._ip("-n", space, "link", "set", "eth0", "up")
            self._ip("-n", space, "link", "set", "lo", "up")
            self.write(name, configs[name])

    def _ip(self, *words: str) -> str:
        return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout

    def write(self, name: str, config: str) -> None:
        mine = self.folder / name
        mine.mkdir(exist_ok=True)
        for file in ("haproxy-down", "standby"):
            (mine / file).write_text("0\n")
        path = mine / "keepalived.conf"
        # Without CAP_SYS_RESOURCE a reload under real-time scheduling ends the process (docs/changing.md); apply restarts there.
        config = re.sub(r"^    vrrp_r(?:t_priority|limit_rttime) .*\n", "", config, flags=re.MULTILINE)
        path.write_text(config.replace("/run/twinkeel", str(mine)))
        path.chmod(0o600)

    def start(self, name: str) -> None:
        mine = self.folder / name
        with (mine / "log").open("wb") as log:
            # A /run of its own: the process identifiers of the other one lie there.
            run = f'mount -t tmpfs none /run && exec "{PROGRAM}" --dont-fork --log-console --vrrp -f "{mine}/keepalived.conf"'
            argv = ["ip", "netns", "exec", self.spaces[name], "sh", "-c", run]
            self.processes[name] = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)

    def reload(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGHUP)

    def holders(self) -> frozenset[str]:
        return frozenset(name for name, space in self.spaces.items() if VIP in self._ip("-n", space, "-o", "addr", "show", "eth0"))

    def wait_for(self, *names: str, seconds: float = 15) -> None:
        end = time.monotonic() + seconds
        while (found := self.holders()) != frozenset(names):
            assert time.monotonic() < end, f"{sorted(found)} hold it\n{self.log('lb-1')}\n{self.log('lb-2')}"
            time.sleep(0.02)

    def watch(self) -> None:
        def look() -> None:
            while not self._stop.is_set():
                self.seen.append(self.holders())

        self._watcher = threading.Thread(target=look)
        self._watcher.start()

    def stop_watching(self) -> None:
        self._stop.set()
        self._watcher.join()

    def log(self, name: str) -> str:
        return (self.folder / name / "log").read_text(errors="replace")

    def close(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(10)
        for space in self.spaces.values():
            self._ip("netns", "delete", space)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    _, desired = wanted("none")
    made = Pair(tmp_path, {name: files[0].content for name, files in desired.rendered.hosts.items()})
    try:
        made.start("lb-1")
        made.wait_for("lb-1")
        made.start("lb-2")
        end = time.monotonic() + 15
        while "BACKUP STATE" not in made.log("lb-2") and time.monotonic() < end:
            time.sleep(0.05)
        yield made
    finally:
        made.close()


def test_it_accepts_the_golden_files(tmp_path: Path) -> None:
    assert re.search(r"v2\.4\.[2-9]", subprocess.run([PROGRAM, "-v"], capture_output=True, text=True, check=False).stderr)
    copies = golden(CONFIG_PATH)
    assert any("mode enforce" in copy.read_text() for copy in copies.values())
    for name, copy in copies.items():
        for mode in ("enforce", "permissive", "receive-only"):
            folder = tmp_path / mode / name
            folder.mkdir(parents=True)
            for file in ("haproxy-down", "standby"):
                (folder / file).write_text("0\n")
            text = copy.read_text().replace("/run/twinkeel", str(folder)).replace("mode enforce", f"mode {mode}")
            candidate = folder / "keepalived.conf"
            candidate.write_text(text.replace("global_defs {\n", "global_defs {\n    dynamic_interfaces\n", 1))
            candidate.chmod(0o600)
            argv = ["unshare", "--net", "--", PROGRAM, "-t", "-f", str(candidate)]
            ended = subprocess.run(argv, capture_output=True, text=True, check=False)
            assert (ended.returncode, ended.stdout + ended.stderr) == (0, ""), name
            shutil.rmtree(folder)


def test_two_hear_each_other_while_signing_comes_and_goes(pair: Pair) -> None:
    cluster, modes = SigningCluster(wanted("none")[1]), list[str]()
    pair.watch()
    for name in ("old key", "new key", "none"):
        topology, desired = wanted(name)
        for _ in range(8):
            holds = {each: frozenset({topology.endpoint.vip.ip} if each == "lb-1" else ()) for each in cluster.disk}
            made = plan(topology, desired, cluster.states(holds), SecretMask())
            assert made.desired is not None
            for host in made.hosts if made.has_changes else ():
                cluster.bring(host, made.desired.files_of(host.name))
                pair.write(host.name, cluster.runs[host.name])
                pair.reload(host.name)
                # What must not happen has no event to wait for: the time after which it would have.
                time.sleep(ONE_TOO_DEAF)
                modes.append(next(iter(re.findall(r"mode (\S+)", cluster.runs[host.name])), "none"))
            if not made.later:
                break
    pair.stop_watching()
    assert modes[::2] == ["receive-only", "permissive", "enforce", *["enforce"] * 3, "permissive", "receive-only", "none"]
    assert len(pair.seen) > 100
    assert set(pair.seen) == {frozenset({"lb-1"})}
    assert "MASTER STATE" not in pair.log("lb-2")
    assert pair.log("lb-1").count("Entering MASTER STATE") == 1
    said = pair.log("lb-1") + pair.log("lb-2")
    assert not re.findall(r".*(?:missing authentication|invalid authentication|too long|unknown authentication|stale).*", said)


def test_without_sweeps_there_are_two_holders(pair: Pair) -> None:
    """What the sweeps are for; and that the test above would see it."""
    pair.write("lb-2", wanted("old key")[1].files_of("lb-2")[0].content)
    pair.reload("lb-2")
    pair.wait_for("lb-1", "lb-2")
