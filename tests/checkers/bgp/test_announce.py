"""The program that announces, with real FRR on two load balancers and on their router; IPv4 and IPv6."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from second_chance.segment import wait_for

from twinkeel.render.systemd import DOWN_FILE, STANDBY_FILE
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.status.bgp_sessions import parse_bfd, parse_sessions
from twinkeel.topology.build import build

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


@pytest.fixture
def segment(tmp_path: Path) -> Iterator[Segment]:
    require_programs()
    loaded = load(SourceFile("twinkeel.yaml", SPEC))
    assert loaded.spec is not None
    with bgp_segment(build(loaded.spec, tmp_path), tmp_path) as made:
        yield made


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
