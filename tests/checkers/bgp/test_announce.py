"""The program that announces, with real FRR on two load balancers and on their router; IPv4 and IPv6."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from second_chance.segment import wait_for

from twinkeel.observe.host_state import MARKER
from twinkeel.preflight.checks import CHECKS
from twinkeel.preflight.facts import Clock, parse_host
from twinkeel.preflight.model import Finding, Survey, evaluate_all
from twinkeel.preflight.survey import SURVEY_HOST
from twinkeel.render.frr import CONFIG_PATH
from twinkeel.render.systemd import DOWN_FILE, HANG_FILE, STANDBY_FILE
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.status.bgp_sessions import parse_bfd, parse_sessions
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

from .segment import Announcer, Segment, bgp_segment, require_programs

SPEC = """\
name: announced
domain: example.org
endpoint:
  name: api.example.org
  mode: bgp
  vips: [192.0.2.10, "2001:db8::10"]
  bgp:
    asn: 64512
    authentication: md5
    communities: ["64512:100", "64512:1:2"]
    # A busy machine that runs tests must not look like a dead one.
    bfd: {interval: 0.3, multiplier: 5}
    routers:
      - {address: 192.168.1.1, asn: 64500}
      - {address: "fd00:1::1", asn: 64500}
load_balancers:
  lb-1: {address: 192.168.1.111, address6: "fd00:1::111"}
  lb-2: {address: 192.168.1.112, address6: "fd00:1::112"}
control_plane:
  master-1: {address: 192.168.1.101, address6: "fd00:1::101"}
kubernetes: {pod_network6: "fd85:ee78:d8a6:8607::1:0/112", service_network6: "fd85:ee78:d8a6:8607::1000/116"}
"""


# Longer than a busy machine holds HAProxy up; and what a load balancer must have announced for: haproxy-liveness, Suspicion.
HANG_YIELD, SETTLED = 0.5, 5.5


@pytest.fixture
def segment(tmp_path: Path) -> Iterator[Segment]:
    with made_from(SPEC, tmp_path) as made:
        yield made


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Segment]:
    """Load balancers that pass on connections which they do not know, with their watchdogs."""
    with made_from(SPEC + "failover: {second_chance: true}\n", tmp_path) as made:
        for balancer in made.balancers:
            balancer.watch(HANG_YIELD)
        yield made


@contextmanager
def made_from(spec: str, folder: Path) -> Iterator[Segment]:
    require_programs()
    with bgp_segment(topology_of(spec, folder), folder) as made:
        yield made


def topology_of(spec: str, folder: Path) -> Topology:
    loaded = load(SourceFile("twinkeel.yaml", spec))
    assert loaded.spec is not None
    return build(loaded.spec, folder)


@contextmanager
def hung(*balancers: Announcer) -> Iterator[None]:
    for each in balancers:
        os.kill(each.haproxy.pid, signal.SIGSTOP)
    yield
    for each in balancers:
        os.kill(each.haproxy.pid, signal.SIGCONT)


def announce_both(segment: Segment) -> tuple[Announcer, Announcer]:
    """Both, the first of them at once as nobody else serves, the second by a person's word."""
    first, second = segment.balancers
    first.announce()
    segment.wait_for_next_hops(1)
    second.announce()
    a_persons_word(second)
    segment.wait_for_next_hops(2)
    return first, second


def bfd_of(balancer: Announcer) -> dict[str, str]:
    return parse_bfd(balancer.run("vtysh", "-c", "show bfd peers json"))


def a_persons_word(balancer: Announcer) -> None:
    balancer.say(STANDBY_FILE, 1)
    wait_for(lambda: balancer.told()["planned"], "it does not see the word")
    balancer.say(STANDBY_FILE, 0)


def found(topology: Topology, code: str, *asked: Announcer) -> list[Finding]:
    """What a check of preflight finds, from the load balancers that are asked."""
    hosts = {}
    for balancer in asked:
        wanted = {
            "names": [],
            "packages": [],
            "tls": [],
            "folders": [],
            "frr": [CONFIG_PATH, MARKER],
            "connect": [[vip, 6443] for vip in balancer.vips],
            "reach": [],
            "vrrp_daemon": "keepalived",
            "booleans": [],
        }
        told = balancer.run(sys.executable, "-c", SURVEY_HOST, json.dumps(wanted))
        hosts[balancer.name] = parse_host(told, Clock(0.0, 0.0))
    (checked,) = evaluate_all([each for each in CHECKS if each.id == code], Survey(topology, hosts, {}, {}, {}))
    return [each for each in checked.findings if each.saw != "the host could not be asked"]


def test_who_fails_is_gone_and_waits_while_another_one_serves(segment: Segment) -> None:
    first, second = announce_both(segment)
    for path in segment.router.paths(segment.vips[0]):
        assert path["community"]["string"] == "64512:100", path  # type: ignore[index]
    first.say(DOWN_FILE, 1)
    segment.wait_for_next_hops(1)
    first.say(DOWN_FILE, 0)
    wait_for(lambda: first.told()["until"] is not None, "it does not wait")
    assert segment.router.next_hops(segment.vips[0]) == 1
    # When the other one fails, too, nobody serves: then it does not wait.
    second.say(DOWN_FILE, 1)
    wait_for(first.has_all, "it waits though nobody serves")
    segment.wait_for_next_hops(1)


def test_who_has_no_api_server_withdraws(segment: Segment) -> None:
    first, _ = announce_both(segment)
    first.ready(False)
    segment.wait_for_next_hops(1)
    assert first.told()["why"] == "no API server is up"


def test_where_nobody_has_an_api_server_all_stay(segment: Segment) -> None:
    """And who has one again does not share with one that has none."""
    both = announce_both(segment)
    for each in both:
        each.ready(False)
    for each in both:
        wait_for(lambda: "nor has another" in str(each.told()["why"]), "it does not see that API servers are lost")  # noqa: B023
    end = time.monotonic() + 3
    while time.monotonic() < end:
        assert all(segment.router.next_hops(vip) == 2 for vip in segment.vips)
    both[1].ready(True)
    segment.wait_for_next_hops(1)
    assert not both[0].has_all()


def test_who_cannot_ask_the_other_one_looks_and_comes_back(segment: Segment) -> None:
    """The other one has lost its network: nobody serves, and only a withdrawal shows it."""
    first, second = announce_both(segment)
    second.run("ip", "link", "set", "eth0", "down")
    first.ready(False)
    wait_for(lambda: not first.has_all(), "it does not look")
    wait_for(first.has_all, "it does not come back")
    assert first.told()["why"] == "no API server is up"


def test_a_silent_haproxy_leaves_before_it_is_killed_and_comes_back_at_once(keeping: Segment) -> None:
    first, _ = announce_both(keeping)
    time.sleep(SETTLED)
    with hung(first):
        keeping.wait_for_next_hops(1)
        assert first.told()["why"] == "HAProxy is silent"
        # Its connections are served on.
        assert "local 192.0.2.10" in first.run("ip", "route", "get", keeping.vips[0])
    keeping.wait_for_next_hops(2)
    # Once more so soon: a machine that is short of processors must not play ball.
    time.sleep(SETTLED)
    with hung(first):
        time.sleep(3 * HANG_YIELD)
        assert first.has_all()


def test_two_that_hang_at_once_stay(keeping: Segment) -> None:
    """As on a hypervisor that is short of processors: at no time nobody announces."""
    both = announce_both(keeping)
    time.sleep(SETTLED)
    with hung(*both):
        wait_for(lambda: all(each.run("cat", HANG_FILE) == "1\n" for each in both), "the watchdogs did not see it")
        end = time.monotonic() + 3 * HANG_YIELD
        while time.monotonic() < end:
            assert all(each.has_all() for each in both)


def test_a_silent_haproxy_stays_where_the_other_one_stands_aside(keeping: Segment) -> None:
    """It serves still, and says so; but it does not announce."""
    first, second = announce_both(keeping)
    second.say(STANDBY_FILE, 1)
    keeping.wait_for_next_hops(1)
    time.sleep(SETTLED)
    with hung(first):
        wait_for(lambda: first.run("cat", HANG_FILE) == "1\n", "the watchdog did not see it")
        time.sleep(2 * HANG_YIELD)
        assert first.has_all()


def test_standing_aside_tells_the_routers_first_and_serves_what_still_comes(segment: Segment) -> None:
    first, _ = announce_both(segment)
    first.say(STANDBY_FILE, 1)
    vip = segment.vips[0]
    wait_for(lambda: any("gracefulShutdown" in json.dumps(path) for path in segment.router.paths(vip)), "routers are not told")
    assert first.has_all()
    segment.wait_for_next_hops(1)
    wait_for(lambda: not first.has_all(), "it does not withdraw")
    # Packets that are under way are still for this host.
    assert "local 192.0.2.10" in first.run("ip", "route", "get", vip)
    first.say(STANDBY_FILE, 0)
    segment.wait_for_next_hops(2)
    assert not any("gracefulShutdown" in json.dumps(path) for path in segment.router.paths(vip))


def test_a_new_start_goes_on_where_the_last_one_was(segment: Segment) -> None:
    first, second = segment.balancers
    program = first.announce()
    segment.wait_for_next_hops(1)
    program.kill()
    program.wait()
    program = first.announce()
    wait_for(lambda: first.told()["announcing"], "it does not know that it announces")
    second.announce()
    a_persons_word(second)
    segment.wait_for_next_hops(2)
    program.terminate()
    program.wait(15)
    assert not first.has_all()
    first.announce()
    segment.wait_for_next_hops(2)


def test_what_frr_tells_of_its_sessions_is_understood(segment: Segment) -> None:
    first, _ = announce_both(segment)
    wait_for(lambda: set(bfd_of(first).values()) == {"up"}, "BFD does not come up", deadline=30)
    bfd = bfd_of(first)
    sessions = parse_sessions(first.run("vtysh", "-c", "show bgp summary json"), bfd)
    assert {each.router for each in sessions} == {"192.168.1.1", "fd00:1::1"}
    assert all(each.established and each.announced == 1 and each.bfd == "up" for each in sessions), sessions


def test_what_preflight_finds(segment: Segment) -> None:
    topology = topology_of(SPEC, Path())
    first, second = segment.balancers
    assert {each.result for each in found(topology, "P037", first, second)} == {"ok"}
    first.announce()
    segment.wait_for_next_hops(1)
    # The second one goes through the router. Where the first one is not known as ours, somebody else serves.
    assert [each.result for each in found(topology, "P037", second)] == ["failure", "failure"]
    assert {each.result for each in found(topology, "P037", first, second)} == {"ok"}
    wait_for(lambda: set(bfd_of(first).values()) == {"up"}, "BFD does not come up", deadline=30)
    good = found(topology, "P036", first)
    assert [each.result for each in good] == ["ok", "ok"], good
    assert good[0].saw == "192.168.1.1 (AS 64500): Established, routes sent: 1, BFD is up"
    # The router's own word for one of the two: it wants no session any more.
    lines = ["configure terminal", "router bgp 64500", "no bgp listen range 192.168.1.0/24 peer-group lb4", "end", "clear bgp *"]
    segment.router.run("vtysh", *(word for line in lines for word in ("-c", line)))
    wait_for(lambda: [each.result for each in found(topology, "P036", first)] == ["failure", "ok"], "it is not seen", deadline=30)
    assert found(topology, "P036", first)[0].saw.startswith("the session with 192.168.1.1 (AS 64500) is ")
    first.write(CONFIG_PATH, "! not ours any more\n")
    assert [each.result for each in found(topology, "P036", first)] == ["skipped"]
