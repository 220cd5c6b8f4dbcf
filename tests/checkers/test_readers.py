"""Who may read the metrics: the rendered rules, a real HAProxy and our own program, asked by a reader and by a stranger.

Three network namespaces on a segment. With the rules a stranger's packets are dropped; without them both daemons close the
connection themselves.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from second_chance.segment import Host, connect, make_host, require_programs, wait_for

from twinkeel.render.firewall import NFTABLES_PATH
from twinkeel.render.haproxy import CONFIG_PATH as HAPROXY_PATH
from twinkeel.render.monitoring import CONFIG_PATH, METRICS_PROGRAM
from twinkeel.render.render import render
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build

ROOT = Path(__file__).parents[2]
READERS = {4: "192.168.1.50", 6: "fd00:1::50"}
STRANGERS = {4: "192.168.1.66", 6: "fd00:1::66"}
BALANCER = {4: "192.168.1.111", 6: "fd00:1::111"}
KEYS = """
monitoring: {address: "::", readers: [192.168.1.50, "fd00:1::50"]}
haproxy: {metrics: {address: "::", readers: [192.168.1.48/29, "fd00:1::50/124"]}}
system: {firewall: nftables}
"""
PORTS = (8405, 8406)
ASK = """
import sys, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=2).status)
except TimeoutError:
    print("silence")
except OSError as error:
    print("silence" if "timed out" in str(error) else "closed")
"""


@dataclass
class Asked:
    """A load balancer, and who asks it by its address."""

    balancer: Host
    askers: dict[str, Host]
    rules: str

    def answer(self, asker: str, port: int) -> str:
        address = BALANCER[6 if ":" in asker else 4]
        url = f"http://[{address}]:{port}/metrics" if ":" in address else f"http://{address}:{port}/metrics"
        return self.askers[asker].run(sys.executable, "-c", ASK, url).strip()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    require_programs()
    folder = tmp_path_factory.mktemp("readers")
    spec = load(SourceFile("lab-home.yaml", (ROOT / "examples/lab-home.yaml").read_text() + KEYS)).spec
    assert spec is not None
    files = {file.path: file.content for file in render(build(spec, Path("/srv"))).hosts["lb-1"]}
    hosts = [make_host(name, folder) for name in ("switch", "balancer", "reader", "stranger")]
    switch, balancer, reader, stranger = hosts
    try:
        switch.run("ip", "link", "add", "br0", "type", "bridge")
        switch.run("ip", "link", "set", "br0", "up")
        for host, addresses in ((balancer, BALANCER), (reader, READERS), (stranger, STRANGERS)):
            connect(switch, host, [f"{addresses[4]}/24", f"{addresses[6]}/64"])
        start(balancer, files)
        askers = dict.fromkeys(READERS.values(), reader) | dict.fromkeys(STRANGERS.values(), stranger)
        found = Asked(balancer, askers, files[NFTABLES_PATH])
        for port in PORTS:
            wait_for(lambda port=port: found.answer(READERS[4], port) == "200", f"nobody answers at {port}")
        yield found
    finally:
        for host in reversed(hosts):
            host.end()


def start(balancer: Host, files: dict[str, str]) -> None:
    """HAProxy with the rendered frontend of its metrics, and our program with its rendered configuration."""
    text = files[HAPROXY_PATH]
    frontend = text[text.index("frontend twinkeel-metrics") :]
    (balancer.files / "haproxy.cfg").write_text(f"defaults\n    timeout connect 1s\n    timeout server 1s\n{frontend}")
    balancer.start("haproxy", "-db", "-f", str(balancer.files / "haproxy.cfg"))
    (balancer.files / "metrics").write_text(files[METRICS_PROGRAM])
    (balancer.files / "metrics.json").write_text(json.dumps(json.loads(files[CONFIG_PATH]) | {"api_servers": []}))
    balancer.start(sys.executable, str(balancer.files / "metrics"), str(balancer.files / "metrics.json"))


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("version", [4, 6])
def test_both_daemons_answer_their_readers_alone(asked: Asked, port: int, version: int) -> None:
    assert asked.answer(READERS[version], port) == "200"
    assert asked.answer(STRANGERS[version], port) == "closed"


@pytest.fixture
def walled(asked: Asked) -> Iterator[Asked]:
    asked.balancer.run("nft", "-f", "-", text=asked.rules)
    yield asked
    asked.balancer.run("nft", "delete", "table", "inet", "twinkeel")


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("version", [4, 6])
def test_the_rules_drop_what_a_stranger_sends(walled: Asked, port: int, version: int) -> None:
    assert walled.answer(READERS[version], port) == "200"
    assert walled.answer(STRANGERS[version], port) == "silence"
