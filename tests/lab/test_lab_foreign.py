"""A pair that somebody built by hand, each as a document tells it: taken over while a client asks, and given back."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from labs import Ended, Lab, make_lab
from prober import CUT, VIP, Prober, moments

from twinkeel.bench.configurations import CONFIGURATIONS, Configuration
from twinkeel.bench.peer_files import peer_files
from twinkeel.cli.load import load_topology
from twinkeel.drill.history import MILLISECOND, SECOND
from twinkeel.topology.model import LoadBalancer, Topology

PAIR = ("lb-1", "lb-2")
# As the table in docs/changing.md, on a machine that does nothing else.
PERIOD_MS = 10 if os.environ.get("TWINKEEL_TEST_QUIET") == "1" else 20
HOLDER_DEADLINE = 120.0
STEADY = 4.0
# All six take seven minutes: TWINKEEL_TEST_EVERY_PAIR=1. One of multicast and one of unicast are taken over each time.
EVERY = os.environ.get("TWINKEEL_TEST_EVERY_PAIR") == "1"
DOCUMENTS = [each for each in CONFIGURATIONS if each.profile is None and (EVERY or each.id in ("seed", "kubemarine"))]
SPEC = """\
name: foreign
domain: lab-home.com
endpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101, master-2: 192.168.1.102, master-3: 192.168.1.103}
"""
# Advertisements every 0.4 s: a machine that starves Keepalived for 0.3 s must not move the address unplanned.
PLAIN = "failover: {second_chance: false}\n"
SECOND_CHANCE = "failover: {second_chance: true, advert_interval: 0.4}\n"
# As the person's own apt did it, long ago. Whatever an earlier test left is taken away.
BARE = """
set -e
systemctl disable --now twinkeel-liveness 2> /dev/null || true
systemctl stop keepalived haproxy 2> /dev/null || true
rm -rf /etc/haproxy /etc/keepalived /var/lib/twinkeel /run/twinkeel /etc/systemd/system/*.service.d/twinkeel.conf
rm -rf /etc/systemd/system/twinkeel-liveness.service /etc/tmpfiles.d/twinkeel.conf /usr/local/lib/twinkeel
systemctl daemon-reload
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq haproxy keepalived > /dev/null 2>&1
mkdir -p /etc/haproxy /etc/keepalived
systemctl stop keepalived haproxy 2> /dev/null || true
"""
WRITE = """
import json, os, sys
for path, mode, text in json.loads(sys.argv[1]):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    spec = tmp_path_factory.mktemp("foreign") / "twinkeel.yaml"
    spec.write_text(SPEC)
    yield from make_lab("test-foreign", spec)


def must(ended: Ended) -> str:
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def holders(lab: Lab) -> list[str]:
    return [name for name in PAIR if f" {VIP}/" in must(lab.run(name, ["ip", "-4", "address"]))]


def wait_for_one_holder(lab: Lab) -> None:
    """Until one host has held the virtual IP alone for a while: with the article's timers that takes half a minute."""
    end = time.monotonic() + HOLDER_DEADLINE
    alone_since: float | None = None
    while alone_since is None or time.monotonic() - alone_since < STEADY:
        found = holders(lab)
        alone_since = None if len(found) != 1 else alone_since or time.monotonic()
        assert time.monotonic() < end, found
        time.sleep(0.5)


def build_by_hand(lab: Lab, configuration: Configuration, topology: Topology) -> dict[str, dict[str, str]]:
    """Put a document's files on the pair and start it; the files by host and path."""
    written = {}
    for name in PAIR:
        must(lab.run(name, ["sh", "-c", BARE]))
    for balancer in topology.load_balancers:
        written[balancer.machine.name] = write_files(lab, configuration, topology, balancer)
    for name in PAIR:
        must(lab.run(name, ["systemctl", "start", "haproxy", "keepalived"]))
    wait_for_one_holder(lab)
    return written


def write_files(lab: Lab, configuration: Configuration, topology: Topology, balancer: LoadBalancer) -> dict[str, str]:
    files = peer_files(configuration, topology, balancer)
    listed = json.dumps([(file.path, file.mode, file.content) for file in files])
    must(lab.run(balancer.machine.name, ["python3", "-c", WRITE, listed]))
    return {file.path: file.content for file in files}


def tell(capsys: pytest.CaptureFixture[str], configuration: Configuration, what: str, client: Prober) -> None:
    """A row of the table in docs/changing.md."""
    longest = max(client.outages, default=0.0)
    with capsys.disabled():
        sys.stdout.write(f"\n{configuration.id} {what}: {len(client.failed)} of {len(client.requests)} failed, {longest:.0f} ms\n")
        first = client.requests[0].start
        for each in client.failed:
            sys.stdout.write(f"  {each.error} after {(each.start - first) / SECOND:.1f} s, {each.late / MILLISECOND:.1f} ms late\n")


@pytest.mark.parametrize("second_chance", [False, True] if EVERY else [False], ids=["plain", "second-chance"][: 1 + EVERY])
@pytest.mark.parametrize("configuration", DOCUMENTS, ids=lambda each: each.id)
def test_it_is_taken_over_with_one_planned_move_and_given_back(
    lab: Lab, configuration: Configuration, second_chance: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.paths.spec_file.write_text(SPEC + (SECOND_CHANCE if second_chance else PLAIN))
    topology = load_topology(lab.paths.spec_file)
    written = build_by_hand(lab, configuration, topology)
    planned = lab.run("operator", ["twinkeel", "plan", "--format", "json"])
    assert planned.returncode == 1, planned.stdout + planned.stderr
    told = [line for host in json.loads(planned.stdout)["hosts"] for line in host["foreign"]]
    assert any("vrrp_script" in line for line in told) == ("vrrp_script" in str(written))
    with Prober(lab, tmp_path / "apply", PERIOD_MS) as client:
        # OpenShift's has a frontend of its own, for its check alone.
        must(lab.run("operator", ["twinkeel", "apply", "--discard"]))
    tell(capsys, configuration, f"apply{' with second_chance' * second_chance}", client)
    assert moments(client.failed_by_the_system) <= (0 if second_chance else 1)
    status: dict[str, Any] = json.loads(must(lab.run("operator", ["twinkeel", "status", "--format", "json"])))
    assert status["healthy"]
    with Prober(lab, tmp_path / "rollback", PERIOD_MS) as client:
        must(lab.run("operator", ["twinkeel", "rollback"]))
    tell(capsys, configuration, "rollback", client)
    for name, files in written.items():
        for path, content in files.items():
            assert lab.run(name, ["cat", path]).stdout == content, (name, path)
    assert len(holders(lab)) == 1


# What a person added to the article's pair: an address for something else, and a page that monitoring asks.
MORE_VRRP = """
vrrp_instance OTHER {
    state BACKUP
    interface %s
    virtual_router_id 77
    priority 100
    virtual_ipaddress {
        192.168.1.150/24
    }
}
"""
MORE_HAPROXY = """
listen page
    mode http
    bind 127.0.0.1:9000
    timeout client 5s
    timeout server 5s
    timeout connect 5s
    stats enable
"""
HAPROXY, KEEPALIVED = "/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf"
HOSTS = ("--host", "root@192.168.1.111", "--host", "root@192.168.1.112")


def files_of(lab: Lab) -> dict[str, list[str]]:
    return {name: [must(lab.run(name, ["cat", path])) for path in (HAPROXY, KEEPALIVED)] for name in PAIR}


def test_what_would_be_lost_is_refused_by_name_and_connections_outlive_the_takeover(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = lab.paths.spec_file
    topology = load_topology(spec)
    seed = next(each for each in DOCUMENTS if each.id == "seed")
    build_by_hand(lab, seed, topology)
    interface = topology.load_balancers[0].machine.interface
    for name in PAIR:
        more = {HAPROXY: MORE_HAPROXY, KEEPALIVED: MORE_VRRP % interface}
        for path, text in more.items():
            must(lab.run(name, ["sh", "-c", f"cat >> {path}"], stdin=text))
        must(lab.run(name, ["systemctl", "restart", "haproxy", "keepalived"]))
    wait_for_one_holder(lab)
    before = files_of(lab)

    audited = lab.run("operator", ["twinkeel", "audit", *HOSTS, "--format", "json"])
    assert audited.returncode == 1, audited.stderr
    found = {each["rule"] for each in json.loads(audited.stdout)["findings"]}
    assert found >= {"equal-priorities", "ssl-hello-check"}, sorted(found)

    refused = lab.run("operator", ["twinkeel", "apply"])
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "192.168.1.150" in refused.stderr
    assert "listen page listens on 127.0.0.1:9000" in refused.stderr
    assert "--discard" in refused.stderr
    assert files_of(lab) == before

    imported = tmp_path / "imported" / "twinkeel.yaml"
    imported.parent.mkdir()
    names = ("--endpoint", topology.endpoint.name)
    ended = lab.run("operator", ["twinkeel", "import", *HOSTS, *names, "-o", str(imported), "--format", "json"])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    planned = lab.run("operator", ["twinkeel", "plan", "-f", str(imported), "--format", "json"])
    assert planned.returncode == 1, planned.stderr
    assert [host["lost"] for host in json.loads(planned.stdout)["hosts"]] == [[], []]

    spec.write_text(SPEC + SECOND_CHANCE)
    holder = holders(lab)[0]
    with Prober(lab, tmp_path / "apply", PERIOD_MS) as client:
        must(lab.run("operator", ["twinkeel", "apply", "--discard"]))
    tell(capsys, seed, "apply with second_chance", client)
    assert [each for each in client.failed_by_the_system if each.error in CUT] == []
    said = must(lab.run(holder, ["journalctl", "--unit", "twinkeel-linger", "--output", "cat"]))
    assert f"serving the connections of {VIP}" in said, said
    assert lab.run(holder, ["ls", "/run/twinkeel/lent"]).returncode != 0
    must(lab.run("operator", ["twinkeel", "rollback"]))
    assert files_of(lab) == before
    left = "find /etc/twinkeel /usr/local/lib/twinkeel /etc/systemd/system/twinkeel-* /run/systemd/system/twinkeel-* -type f"
    for name in PAIR:
        assert lab.run(name, ["sh", "-c", left]).stdout == ""
    spec.write_text(SPEC)
