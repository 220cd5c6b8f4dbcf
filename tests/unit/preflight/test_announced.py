"""The checks of load balancers that announce by BGP, on facts made from those of bare hosts."""

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from pathlib import Path
from typing import Any

import pytest

from twinkeel.errors import HostError
from twinkeel.preflight.checks import CHECKS
from twinkeel.preflight.facts import Clock, HostFacts, Link, Listener, parse_host
from twinkeel.preflight.host_programs import survey_host
from twinkeel.preflight.model import Finding, Survey, evaluate_all
from twinkeel.preflight.preflight import essential_checks
from twinkeel.preflight.survey import SURVEY_HOST, survey_hosts
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.status.bgp_sessions import Session
from twinkeel.topology.build import build
from twinkeel.topology.model import Bfd, Machine, Topology

SPEC = """\
name: lab-two
domain: lab-home.com
endpoint:
  name: lb.lab-home.com
  mode: bgp
  vips: [192.0.2.10, "2001:db8::10"]
  bgp:
    asn: 64512
    authentication: md5
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
VIP, VIP6 = ip_address("192.0.2.10"), ip_address("2001:db8::10")
OF_LB_1 = ip_address("192.168.1.111"), ip_address("fd00:1::111")
OF_LB_2 = ip_address("192.168.1.112"), ip_address("fd00:1::112")
UP = Session("192.168.1.1", "Established", 1, "up")
UP6 = Session("fd00:1::1", "Established", 1, "up")


@pytest.fixture(scope="module")
def announced() -> Topology:
    spec = load(SourceFile("twinkeel.yaml", SPEC)).spec
    assert spec is not None
    return build(spec, Path("/srv/cluster"))


@pytest.fixture
def before(bare: Survey, announced: Topology) -> Survey:
    """Hosts that no apply has touched."""
    survey = replace(bare, topology=announced, segments={})
    return changed(changed(survey, reached(*OF_LB_2, came="refused"), "lb-1"), reached(*OF_LB_1, came="refused"), "lb-2")


@pytest.fixture
def serving(before: Survey) -> Survey:
    """Both load balancers announce."""
    survey = both(both(before, holds("192.0.2.10/32", "2001:db8::10/128")), tells(UP, UP6))
    survey = changed(changed(survey, reached(*OF_LB_2), "lb-1"), reached(*OF_LB_1), "lb-2")
    return both(both(survey, listens("::")), has_real_time(True))


Change = Callable[[HostFacts], HostFacts]


def tells(*sessions: Session) -> Change:
    return lambda facts: replace(facts, sessions=sessions)


def holds(*texts: str) -> Change:
    return lambda facts: replace(facts, links=(*facts.links, Link("lo", True, "", tuple(map(ip_interface, texts)))))


def reaches(*vips: Any) -> Change:
    return lambda facts: replace(facts, accepted=frozenset(vips))


def reached(*addresses: Any, came: str = "taken") -> Change:
    return lambda facts: replace(facts, reached=dict.fromkeys(addresses, came))


def listens(address: str) -> Change:
    return lambda facts: replace(facts, listeners=(*facts.listeners, Listener(ip_address(address), 6443, "haproxy", None)))


def has_real_time(yes: bool | None) -> Change:
    return lambda facts: replace(facts, bfdd_real_time=yes)


def changed(survey: Survey, change: Change, *names: str) -> Survey:
    return replace(survey, hosts={name: change(facts) if name in names else facts for name, facts in survey.hosts.items()})


def both(survey: Survey, change: Change) -> Survey:
    return changed(survey, change, "lb-1", "lb-2")


def judged(survey: Survey, code: str) -> list[Finding]:
    (checked,) = evaluate_all([check for check in CHECKS if check.id == code], survey)
    return list(checked.findings)


def results(survey: Survey, code: str) -> list[str]:
    return [finding.result for finding in judged(survey, code)]


@pytest.mark.parametrize("code", ["P033", "P034", "P035", "P037", "P038", "P039"])
def test_bare_hosts_are_good(before: Survey, code: str) -> None:
    assert set(results(before, code)) == {"ok"}


@pytest.mark.parametrize("code", ["P033", "P034", "P035", "P036", "P037", "P038", "P039"])
def test_hosts_that_announce_are_good(serving: Survey, code: str) -> None:
    assert set(results(serving, code)) == {"ok"}


@pytest.mark.parametrize(
    ("code", "change", "result", "words"),
    [
        ("P033", holds("192.0.2.1/24"), "failure", "192.0.2.10 is in 192.0.2.0/24 of lo"),
        (
            "P034",
            lambda facts: replace(facts, listeners=(Listener(ip_address("::"), 179, "bird", None),)),
            "failure",
            "port 179 is taken by bird",
        ),
        ("P035", lambda facts: replace(facts, active=frozenset({"keepalived"})), "warning", "Keepalived runs"),
    ],
)
def test_what_is_changed_is_found(before: Survey, code: str, change: Change, result: str, words: str) -> None:
    worst = judged(changed(before, change, "lb-1"), code)[0]
    assert (worst.result, worst.subject) == (result, "lb-1")
    assert words in worst.saw


def test_before_the_first_apply_there_is_no_session_to_look_at(before: Survey) -> None:
    found = judged(before, "P036")
    assert [(each.result, each.subject) for each in found] == [("skipped", "lb-1"), ("skipped", "lb-2")]
    assert found[0].saw.startswith("not yet")


@pytest.mark.parametrize(
    ("sessions", "result", "saw", "advice"),
    [
        ((), "failure", "tells of no session", "systemctl status frr"),
        ((UP6,), "warning", "its FRR has no session with 192.168.1.1 (AS 64500)", "twinkeel plan"),
        (
            (replace(UP, state="Active", announced=0), UP6),
            "failure",
            "the session with 192.168.1.1 (AS 64500) is Active",
            "is 192.168.1.111 a neighbour with AS 64512 and the same password; does TCP port 179 pass?",
        ),
        (
            (UP, replace(UP6, state="Idle", announced=0)),
            "failure",
            "the session with fd00:1::1 (AS 64500) is Idle",
            "is fd00:1::111 a neighbour",
        ),
        (
            (replace(UP, announced=0), UP6),
            "failure",
            "it sent 192.168.1.1 (AS 64500) 0 of 1 routes",
            "advert",
        ),
        ((replace(UP, bfd="down"), UP6), "failure", "BFD with 192.168.1.1 (AS 64500) is down", "UDP port 3784 pass both ways"),
        ((replace(UP, bfd="init"), UP6), "failure", "BFD with 192.168.1.1 (AS 64500) is init", "timers"),
        ((replace(UP, bfd=None), UP6), "warning", "there is no BFD with 192.168.1.1 (AS 64500)", "bfdd"),
    ],
)
def test_a_session_that_is_not_as_it_must_be(
    serving: Survey, sessions: tuple[Session, ...], result: str, saw: str, advice: str
) -> None:
    found = judged(changed(serving, tells(*sessions), "lb-1"), "P036")
    bad = [each for each in found if each.result != "ok"]
    assert [(each.result, each.subject) for each in bad] == [(result, "lb-1")]
    assert saw in bad[0].saw
    assert advice in bad[0].advice


def test_who_announces_nothing_sends_nothing(before: Survey) -> None:
    quiet = both(before, tells(replace(UP, announced=0), replace(UP6, announced=0)))
    assert set(results(quiet, "P036")) == {"ok"}
    # One of two virtual IPs alone: the other kind's router must have heard.
    one = judged(changed(quiet, holds("2001:db8::10/128"), "lb-1"), "P036")
    assert [each.saw for each in one if each.result == "failure"] == ["it sent fd00:1::1 (AS 64500) 0 of 1 routes"]


def test_without_bfd_in_the_spec_none_is_asked_for(serving: Survey) -> None:
    bgp = serving.topology.bgp
    assert bgp is not None
    plain = replace(serving, topology=replace(serving.topology, bgp=replace(bgp, bfd=None, authentication="none")))
    found = judged(both(plain, tells(replace(UP, bfd=None), replace(UP6, bfd=None))), "P036")
    assert {each.result for each in found} == {"ok"}
    assert not any("BFD" in each.saw for each in found)
    idle = judged(both(plain, tells(replace(UP, state="Idle"), UP6)), "P036")[0]
    assert "password" not in idle.advice


def test_a_router_of_a_kind_that_no_virtual_ip_is_of_is_left_out(serving: Survey) -> None:
    endpoint = replace(serving.topology.endpoint, vips=serving.topology.endpoint.vips[:1])
    single = replace(serving, topology=replace(serving.topology, endpoint=endpoint))
    assert results(both(single, tells(UP)), "P036") == ["ok", "ok"]


def test_somebody_else_who_serves_a_virtual_ip(before: Survey) -> None:
    found = judged(changed(before, reaches(VIP), "lb-2"), "P037")
    assert [(each.result, each.subject) for each in found] == [("failure", "192.0.2.10"), ("ok", "2001:db8::10")]
    assert found[0].saw == "somebody else takes connections of lb-2 at 192.0.2.10, port 6443"
    assert "the routers' route to 192.0.2.10" in found[0].advice


def test_where_one_of_ours_has_the_address_nothing_can_be_told(before: Survey) -> None:
    survey = changed(before, reaches(VIP, VIP6), "lb-2")
    held = judged(changed(survey, holds("192.0.2.10/32"), "lb-1"), "P037")
    assert [(each.result, each.subject) for each in held] == [("failure", "2001:db8::10"), ("ok", "192.0.2.10")]
    assert held[1].saw.startswith("it is on lb-1:")


def test_one_of_ours_that_could_not_be_asked_may_be_who_serves(before: Survey) -> None:
    survey = changed(before, reaches(VIP), "lb-2")
    gone = {name: facts for name, facts in survey.hosts.items() if name != "lb-1"}
    survey = replace(survey, hosts=gone, problems={"lb-1": HostError("the SSH connection broke", where="lb-1")})
    assert "it may be lb-1, which could not be asked" in judged(survey, "P037")[0].saw
    assert results(replace(survey, hosts={}), "P037") == ["skipped"]


@pytest.mark.parametrize(
    ("came", "listening", "result", "words"),
    [
        ("refused", None, "ok", "nothing listens there yet"),
        ("refused", "127.0.0.1", "ok", "nothing listens there yet"),
        ("refused", "192.168.1.112", "warning", "refused, although something listens there"),
        ("no answer within 1 s", None, "warning", "no answer within 1 s"),
        ("no answer within 1 s", "::", "warning", "no answer within 1 s"),
    ],
)
def test_load_balancers_that_do_not_reach_each_other(
    before: Survey, came: str, listening: str | None, result: str, words: str
) -> None:
    survey = changed(before, reached(OF_LB_2[0], came=came), "lb-1")
    survey = changed(survey, listens(listening), "lb-2") if listening else survey
    found = judged(survey, "P038")[0]
    assert (found.result, found.subject) == (result, "lb-1")
    assert "lb-2 at 192.168.1.112, port 6443" in found.saw
    assert words in found.saw


def test_who_could_not_be_asked_is_not_held_against_others(serving: Survey) -> None:
    alone = {name: facts for name, facts in serving.hosts.items() if name != "lb-2"}
    lost = replace(serving, hosts=alone, problems={"lb-2": HostError("gone", where="lb-2")})
    assert [(each.result, each.subject) for each in judged(lost, "P038")] == [("skipped", "lb-2")]


@pytest.mark.parametrize(
    ("interval", "real_time", "result"),
    [(0.29, None, "skipped"), (0.29, True, "ok"), (0.29, False, "warning"), (0.3, False, "ok"), (None, False, "ok")],
)
def test_bfd_that_is_fast_needs_real_time(serving: Survey, interval: float | None, real_time: bool | None, result: str) -> None:
    assert serving.topology.bgp is not None
    bgp = replace(serving.topology.bgp, bfd=Bfd(interval, 3) if interval else None)
    survey = both(replace(serving, topology=replace(serving.topology, bgp=bgp)), has_real_time(real_time))
    assert set(results(survey, "P039")) == {result}


@pytest.fixture
def hosts(raw: Callable[[str, str], dict[str, object]], scripted_reader: Any) -> Any:
    """A reader whose lb-2 reaches somebody at the virtual IP."""

    def answer(machine: Machine, argv: Sequence[str]) -> str:
        if argv[0] == "date":
            return "1700000000000000000\n"
        if SURVEY_HOST not in argv:
            return json.dumps(raw("bare", f"{machine.name}-probe_segment")) if "python3" in argv else ""
        accepted = ["192.0.2.10"] if machine.name == "lb-2" else []
        return json.dumps({**raw("bare", f"{machine.name}-survey_host"), "accepted": accepted})

    return scripted_reader(answer)


def test_load_balancers_alone_are_asked(hosts: Any, announced: Topology, two_balancers: Topology) -> None:
    asyncio.run(survey_hosts(hosts, announced))
    asked = {name: json.loads(argv[3]) for name, argv in hosts.asked if SURVEY_HOST in argv}
    assert asked["lb-1"]["connect"] == [["192.0.2.10", 6443], ["2001:db8::10", 6443]]
    assert asked["lb-1"]["frr"] == ["/etc/frr/frr.conf", "Written by Twinkeel"]
    assert asked["lb-1"]["reach"] == [["192.168.1.112", 6443], ["fd00:1::112", 6443]]
    assert (asked["master-1"]["connect"], asked["master-1"]["reach"], asked["master-1"]["frr"]) == ([], [], None)
    hosts.asked.clear()
    asyncio.run(survey_hosts(hosts, two_balancers))
    of_vrrp = next(json.loads(argv[3]) for name, argv in hosts.asked if SURVEY_HOST in argv and name == "lb-1")
    assert (of_vrrp["connect"], of_vrrp["reach"], of_vrrp["frr"]) == ([], [], None)


def test_an_apply_does_not_begin_where_somebody_else_serves(hosts: Any, announced: Topology) -> None:
    with pytest.raises(HostError, match="P037: somebody else takes connections of lb-2") as caught:
        asyncio.run(essential_checks(hosts, announced))
    assert caught.value.where == "192.0.2.10"


def test_what_a_host_tells_of_frr(raw: Callable[[str, str], dict[str, object]]) -> None:
    def sessions(frr: object) -> tuple[Session, ...] | None:
        return parse_host(json.dumps({**raw("bare", "lb-1-survey_host"), "frr": frr}), Clock(0.0, 0.0)).sessions

    assert sessions(None) is None
    assert sessions({"bgp summary": "", "bfd peers": ""}) == ()
    summary = {"ipv4Unicast": {"peers": {"192.168.1.1": {"state": "Established", "pfxSnt": 1}}}}
    peers = [{"peer": "192.168.1.1", "status": "up"}]
    assert sessions({"bgp summary": json.dumps(summary), "bfd peers": json.dumps(peers)}) == (UP,)


def test_frr_is_asked_where_its_configuration_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_host, "output", lambda argv: " ".join(argv))
    config = tmp_path / "frr.conf"
    assert survey_host.frr(str(config), "Written by us") is None
    config.write_text("! somebody's own\n")
    assert survey_host.frr(str(config), "Written by us") is None
    config.write_text("! Written by us\n")
    assert survey_host.frr(str(config), "Written by us") == {
        "bgp summary": "vtysh -c show bgp summary json",
        "bfd peers": "vtysh -c show bfd peers json",
    }


def test_who_takes_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener on the loopback stands for another host; where the kernel is asked, it is this one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = list(server.getsockname())
        assert survey_host.accepts(target) is False
        monkeypatch.setattr(survey_host, "output", lambda _: "127.0.0.1 via 192.168.1.1 dev eth0\n")
        assert survey_host.accepts(target) is True
    assert survey_host.accepts(target) is False


def test_what_comes_of_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = list(server.getsockname())
        assert survey_host.reach(target) == "taken"
    assert survey_host.reach(target) == "refused"

    def silent(*_: object, timeout: float) -> None:
        raise socket.timeout if timeout else AssertionError

    monkeypatch.setattr(socket, "create_connection", silent)
    assert survey_host.reach(target) == "no answer within 1 s"


def test_a_process_has_real_time_or_not(tmp_path: Path) -> None:
    program = tmp_path / "twinkeel-bfdd"
    program.symlink_to("/bin/sleep")
    assert survey_host.real_time(program.name) is None
    with subprocess.Popen([program, "60"]) as plain:
        while survey_host.text_of(f"/proc/{plain.pid}/comm").strip() != program.name:
            pass
        assert survey_host.real_time(program.name) is False
        plain.kill()


@pytest.mark.parametrize(
    ("policy", "expected"), [(os.SCHED_RR | os.SCHED_RESET_ON_FORK, True), (os.SCHED_FIFO, True), (os.SCHED_BATCH, False)]
)
def test_policies_of_real_time(monkeypatch: pytest.MonkeyPatch, policy: int, expected: bool) -> None:
    monkeypatch.setattr(os, "sched_getscheduler", lambda _: policy)
    assert survey_host.real_time(survey_host.text_of("/proc/self/comm").strip()) is expected


def test_what_a_host_tells_of_reach_and_real_time(raw: Callable[[str, str], dict[str, object]]) -> None:
    told = {**raw("bare", "lb-1-survey_host"), "bfdd_real_time": False, "reached": [["192.168.1.112", "taken"]]}
    facts = parse_host(json.dumps(told), Clock(0.0, 0.0))
    assert (facts.bfdd_real_time, facts.reached) == (False, {OF_LB_2[0]: "taken"})
