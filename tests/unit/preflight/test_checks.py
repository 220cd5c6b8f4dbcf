"""Every check on captured facts: good as they are, and found when something in them is changed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_interface
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from twinkeel.errors import HostError
from twinkeel.hosts.executor import NotPrivilegedError
from twinkeel.observe.host_state import PackageState
from twinkeel.preflight.checks import CHECKS
from twinkeel.preflight.cluster import evaluate_certificate
from twinkeel.preflight.facts import Clock, HostFacts, Listener, NameAnswer, TlsAnswer, Voice
from twinkeel.preflight.model import Finding, Preflight, Survey, as_json, evaluate_all
from twinkeel.preflight.versions import parse_version
from twinkeel.spec.software_versions import known_bad
from twinkeel.topology.model import Topology
from twinkeel.topology.settings import Metrics

Change = Callable[[HostFacts], HostFacts]
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what a host told, nothing is bound
BY_ID = {check.id: check for check in CHECKS}
OF_VRRP = tuple(check for check in CHECKS if check.mode != "bgp")
VIP = ip_address("192.168.1.110")


def judged(survey: Survey, code: str) -> list[Finding]:
    (checked,) = evaluate_all([BY_ID[code]], survey)
    return list(checked.findings)


def results(survey: Survey, code: str) -> set[str]:
    return {finding.result for finding in judged(survey, code)}


def changed(survey: Survey, change: Change, host: str = "lb-1") -> Survey:
    return replace(survey, hosts={**survey.hosts, host: change(survey.hosts[host])})


def spec(survey: Survey, **settings: Any) -> Survey:
    """The same facts under another spec: part of the topology -> what changes in it."""
    parts = {name: replace(getattr(survey.topology, name), **more) for name, more in settings.items()}
    return replace(survey, topology=replace(survey.topology, **parts))


@pytest.mark.parametrize("check", OF_VRRP, ids=lambda check: check.id)
def test_bare_hosts_are_good(bare: Survey, check: Any) -> None:
    expected = {"P040": "warning", "P041": "skipped"}.get(check.id, "ok")
    assert results(bare, check.id) == {expected}


@pytest.mark.parametrize("code", [check.id for check in OF_VRRP if check.id not in ("P022", "P030", "P040", "P041")])
def test_hosts_after_an_apply_are_good(applied: Survey, code: str) -> None:
    assert results(applied, code) == {"ok"}


def packages(**versions: PackageState) -> Change:
    return lambda facts: replace(facts, packages={**facts.packages, **versions})


def listener(address: str, port: int, process: str | None, unit: str | None) -> Change:
    return lambda facts: replace(facts, listeners=(*facts.listeners, Listener(ip_address(address), port, process, unit)))


def addresses(*texts: str) -> Change:
    def change(facts: HostFacts) -> HostFacts:
        return replace(
            facts,
            links=tuple(
                replace(link, addresses=tuple(ip_interface(text) for text in texts)) if link.name == "eth0" else link
                for link in facts.links
            ),
        )

    return change


def link_down(facts: HostFacts) -> HostFacts:
    return replace(facts, links=tuple(replace(link, up=False) for link in facts.links))


def resolves(*found: str, error: str | None = None) -> Change:
    answer = NameAnswer(frozenset(map(ip_address, found)), error)
    return lambda facts: replace(facts, names={"lb.lab-home.com": answer})


def system(**lines: str) -> Change:
    return lambda facts: replace(facts, os=lines)


CASES: list[tuple[str, Change, str, str]] = [
    ("P003", lambda facts: replace(facts, python=(3, 6, 8)), "failure", "python3 is 3.6.8"),
    ("P010", system(ID="alpine", PRETTY_NAME="Alpine Linux v3.20"), "failure", "Alpine Linux v3.20 is not a system"),
    ("P010", lambda facts: replace(facts, package_manager=None), "failure", "is not a system that we install packages on"),
    ("P010", system(ID="rocky", ID_LIKE="rhel centos fedora", PRETTY_NAME="Rocky Linux 9.4"), "ok", "Rocky Linux 9.4"),
    ("P010", system(ID="neon", ID_LIKE="ubuntu debian", PRETTY_NAME="KDE neon"), "ok", "KDE neon"),
    ("P011", lambda facts: replace(facts, init="sh"), "failure", "process 1 is sh, not systemd"),
    ("P012", packages(haproxy=PackageState(None, None)), "warning", "no haproxy is installed, and the package manager offers none"),
    ("P012", packages(haproxy=PackageState("2.4.24-0ubuntu0.22.04.1", None)), "failure", "the spec counts on 2.6"),
    ("P012", packages(haproxy=PackageState("2.8.5-1.el9", None)), "warning", "TCP sessions leak"),
    ("P012", packages(haproxy=PackageState("2.8.12-1", None)), "ok", "haproxy 2.8.12-1 is installed"),
    ("P013", packages(keepalived=PackageState(None, "2.1.5-9.el8")), "failure", "keepalived 2.1.5-9.el8 is offered, and the spec"),
    ("P013", packages(keepalived=PackageState("2.2.4-0.2build1", None)), "warning", "CVE-2021-44225"),
    ("P012", packages(haproxy=PackageState("3.5.1-1", None)), "warning", "newer than what is known (2.2 to 3.4)"),
    ("P012", packages(haproxy=PackageState("3.4.9-1", None)), "ok", "haproxy 3.4.9-1 is installed"),
    ("P013", packages(keepalived=PackageState("1:2.5.0-1", None)), "warning", "newer than what is known (2.1 to 2.4)"),
    ("P013", packages(keepalived=PackageState("1:2.3.3-1", None)), "ok", "keepalived 1:2.3.3-1 is installed"),
    ("P014", lambda facts: replace(facts, nr_open=16_999), "failure", "fs.nr_open is 16999"),
    ("P014", lambda facts: replace(facts, file_max=1000), "failure", "fs.file-max is 1000"),
    ("P015", lambda facts: replace(facts, selinux="permissive"), "warning", "SELinux is permissive"),
    (
        "P015",
        lambda facts: replace(facts, selinux="enforcing", booleans={"haproxy_connect_any": False}),
        "ok",
        "apply sets haproxy",
    ),
    ("P016", lambda facts: replace(facts, active=frozenset({"firewalld"})), "warning", "firewalld is active, and gets no rules"),
    (
        "P017",
        lambda facts: replace(facts, active=frozenset({"systemd-networkd"}), networkd=frozenset({"eth0"})),
        "warning",
        "systemd-networkd configures eth0",
    ),
    ("P017", lambda facts: replace(facts, active=frozenset({"systemd-networkd"}), networkd=frozenset({"eth1"})), "ok", "nothing"),
    (
        "P017",
        lambda facts: replace(facts, active=frozenset({"NetworkManager"}), network_manager=frozenset({"eth0"})),
        "warning",
        "NetworkManager configures eth0",
    ),
    ("P017", lambda facts: replace(facts, active=frozenset({"NetworkManager"})), "ok", "nothing"),
    (
        "P018",
        lambda facts: replace(facts, space={"/etc": 10 << 20, "/run": 1 << 30}),
        "failure",
        "hardly any room in /etc (10 MiB)",
    ),
    ("P019", lambda facts: replace(facts, may_raise_limits=False), "warning", "has no CAP_SYS_RESOURCE"),
    ("P019", lambda facts: replace(facts, may_raise_limits=True), "ok", "may raise its limits"),
    ("P020", addresses("192.168.1.211/24"), "failure", "eth0 does not have 192.168.1.111; no interface has 192.168.1.111"),
    ("P020", lambda facts: replace(facts, links=()), "failure", "there is no eth0"),
    ("P020", link_down, "failure", "eth0 is down"),
    ("P021", addresses("192.168.1.111/16"), "failure", "another prefix length than 192.168.1.111/16"),
    (
        "P023",
        listener(EVERYWHERE, 6443, "nginx", "nginx.service"),
        "failure",
        "port 6443 (the endpoint) is taken by nginx of nginx",
    ),
    ("P023", listener("192.168.1.111", 6443, "kube-apiserver", None), "failure", "taken by kube-apiserver at 192.168.1.111"),
    ("P023", listener("::", 6443, None, None), "failure", "taken by an unknown process at ::"),
    ("P023", listener(EVERYWHERE, 6443, "haproxy", "docker-1f.scope"), "failure", "taken by haproxy of docker-1f.scope"),
    ("P023", listener(EVERYWHERE, 6443, "haproxy", None), "ok", "6443, 8404: free, or held by our HAProxy"),
    ("P023", listener("192.168.1.111", 8404, "node_exporter", None), "ok", "6443, 8404"),
    ("P023", listener(EVERYWHERE, 8404, "node_exporter", None), "failure", "port 8404 (HAProxy's own monitor) is taken"),
    ("P043", resolves(error="the name is not known"), "warning", "lb.lab-home.com: the name is not known"),
    ("P043", resolves("192.168.1.99"), "warning", "gives 192.168.1.99, which is no virtual IP"),
    ("P043", resolves("192.168.1.99", "192.168.1.110"), "warning", "gives 192.168.1.99, which is no virtual IP"),
]


@pytest.mark.parametrize(("code", "change", "result", "words"), CASES)
def test_what_is_changed_is_found(bare: Survey, code: str, change: Change, result: str, words: str) -> None:
    findings = {finding.subject: finding for finding in judged(changed(bare, change), code)}
    assert findings["lb-1"].result == result
    assert words in findings["lb-1"].saw
    assert findings["lb-2"].result == "ok"


@pytest.mark.parametrize(
    ("version", "result"), [("2.2.7", "failure"), ("2.4.1-1", "failure"), ("1:2.4.2-1", "ok"), ("2.4.3", "ok")]
)
def test_a_keepalived_that_cannot_sign_is_found(bare: Survey, version: str, result: str) -> None:
    instances = [replace(each, authentication="hmac") for each in bare.topology.load_balancers[0].instances]
    balancers = [replace(each, instances=tuple(instances)) for each in bare.topology.load_balancers]
    signing = replace(bare, topology=replace(bare.topology, load_balancers=tuple(balancers)))
    found = judged(changed(signing, packages(keepalived=PackageState(version, None))), "P013")
    assert {finding.subject: finding.result for finding in found}["lb-1"] == result


@pytest.mark.parametrize(
    ("ansible", "python", "words"),
    [
        ((2, 19, 14), (3, 8, 10), ""),
        ((2, 20, 0), (3, 8, 10), "python3 is 3.8.10, and ansible-core 2.20.0, used here, wants 3.9"),
        ((2, 21), (3, 9, 2), ""),
        ((), (3, 8, 10), ""),
    ],
)
def test_the_ansible_that_is_used_says_how_old_python_may_be(
    bare: Survey, ansible: tuple[int, ...], python: tuple[int, ...], words: str
) -> None:
    survey = replace(changed(bare, lambda facts: replace(facts, python=python)), ansible=ansible)
    found = {finding.subject: finding for finding in judged(survey, "P003")}
    assert found["lb-2"].result == "ok"
    assert found["lb-1"].result == ("failure" if words else "ok")
    assert found["lb-1"].saw == (words or f"python3 is {'.'.join(map(str, python))}")


def test_on_a_node_a_wrong_name_is_a_failure_and_not_only_a_warning(bare: Survey) -> None:
    found = judged(changed(bare, resolves("192.168.1.99"), "master-1"), "P043")
    assert [(finding.subject, finding.result) for finding in found if finding.result != "ok"] == [("master-1", "failure")]


def test_a_master_may_have_its_address_on_any_interface(bare: Survey) -> None:
    renamed = changed(
        bare, lambda facts: replace(facts, links=tuple(replace(link, name="ens18") for link in facts.links)), "master-1"
    )
    assert results(renamed, "P020") == {"ok"}
    assert "failure" in results(changed(bare, addresses("10.0.0.1/24"), "master-1"), "P020")


@pytest.mark.parametrize(
    ("firewall", "active", "result"),
    [
        ("none", (), "ok"),
        ("none", ("iptables",), "warning"),
        ("nftables", ("nftables",), "ok"),
        ("nftables", (), "warning"),
        ("nftables", ("nftables", "firewalld"), "failure"),
        ("firewalld", ("ufw",), "failure"),
        ("ufw", ("ufw",), "ok"),
    ],
)
def test_firewalls(bare: Survey, firewall: str, active: tuple[str, ...], result: str) -> None:
    survey = spec(changed(bare, lambda facts: replace(facts, active=frozenset(active))), system={"firewall": firewall})
    assert next(finding.result for finding in judged(survey, "P016") if finding.subject == "lb-1") == result


@pytest.mark.parametrize(("release", "result"), [("5.10.0-30-amd64", "ok"), ("6.12.1", "ok"), ("5.4.0-150-generic", "failure")])
def test_a_kernel_that_cannot_tell_a_listener_from_a_connection(bare: Survey, release: str, result: str) -> None:
    survey = changed(bare, lambda facts: replace(facts, kernel=release))
    assert next(finding.result for finding in judged(survey, "P024") if finding.subject == "lb-1") == result
    without = replace(survey, topology=replace(survey.topology, second_chance=None))
    assert results(without, "P024") == {"ok"}, "the spec does not ask for it"


@pytest.mark.parametrize(("said", "result"), [(None, "ok"), ("", "ok"), ("Error: Could not process rule", "failure")])
def test_a_kernel_without_the_modules_that_keep_connections(bare: Survey, said: str | None, result: str) -> None:
    found = judged(changed(bare, lambda facts: replace(facts, nft_refuses=said)), "P024")[0]
    assert (found.subject, found.result) == ("lb-1", result)
    assert not said or said in found.saw


def test_a_package_manager_that_the_host_does_not_have(bare: Survey) -> None:
    assert results(spec(bare, system={"packages": "dnf"}), "P010") == {"failure"}
    assert results(spec(bare, system={"packages": "apt"}), "P010") == {"ok"}


def test_selinux_that_nobody_sets_right(bare: Survey) -> None:
    off = changed(bare, lambda facts: replace(facts, selinux="enforcing", booleans={"haproxy_connect_any": False}))
    assert "failure" in results(spec(off, system={"selinux": "ignore"}), "P015")


def test_ports_of_metrics_and_services_count_too(bare: Survey) -> None:
    survey = spec(bare, haproxy={"metrics": Metrics(None, 8405, None)})
    taken = changed(survey, listener("192.168.1.111", 8405, "exporter", None))
    assert "port 8405 (the metrics)" in judged(taken, "P023")[0].saw
    assert results(changed(survey, listener("127.0.0.1", 8405, "exporter", None)), "P023") == {"ok"}


def test_a_virtual_ip_on_a_wrong_interface(bare: Survey) -> None:
    def second(facts: HostFacts) -> HostFacts:
        link = next(link for link in facts.links if link.name == "eth0")
        return replace(facts, links=(*facts.links, replace(link, name="eth1", addresses=(ip_interface("192.168.1.110/24"),))))

    assert judged(changed(bare, second), "P021")[0].saw == "192.168.1.110 is on eth1"


def test_hosts_that_cannot_be_asked_are_named_once_and_skipped_elsewhere(bare: Survey) -> None:
    hosts = {name: facts for name, facts in bare.hosts.items() if name != "lb-2"}
    segments = {name: facts for name, facts in bare.segments.items() if name != "lb-2"}
    away = HostError("the host did not answer within 5 s", where="lb-2", hint="is it up?")
    survey = replace(bare, hosts=hosts, segments=segments, problems={"lb-2": away})
    assert judged(survey, "P001")[0] == Finding("failure", "lb-2", "the host did not answer within 5 s", "is it up?")
    assert results(survey, "P002") == {"ok", "skipped"}
    assert results(survey, "P031") == {"skipped"}
    preflight = Preflight(evaluate_all(CHECKS, survey), ("lb-2",), 1.0)
    assert preflight.exit_code == 3
    assert [check.id for check, _ in preflight.failures] == ["P001"]


def test_no_sudo_is_not_no_ssh(bare: Survey) -> None:
    survey = replace(bare, problems={"lb-2": NotPrivilegedError("sudo does not let us become root: a password is required")})
    assert results(survey, "P001") == {"ok"}
    assert judged(survey, "P002")[0].subject == "lb-2"


def test_the_strangers_that_were_captured(applied: Survey) -> None:
    """A client of the network had the virtual IP; master-1 spoke VRRP version 2 for VRID 7."""
    found = judged(applied, "P022")
    assert {finding.result for finding in found} == {"failure"}
    assert all("a machine with hardware address" in finding.saw for finding in found)
    heard = judged(applied, "P030")
    assert {finding.result for finding in heard} == {"ok"}
    assert all("also heard: VRID 7 from 192.168.1.101" in finding.saw for finding in heard)


def test_a_virtual_ip_that_one_of_ours_holds(bare: Survey) -> None:
    mac = next(link.mac for link in bare.hosts["lb-1"].links if link.name == "eth0")
    heard = replace(bare.segments["lb-2"], answers=frozenset({(VIP, mac)}))
    survey = replace(bare, segments={**bare.segments, "lb-2": heard})
    assert results(survey, "P022") == {"ok"}
    assert "192.168.1.110 is on lb-1" in {finding.saw for finding in judged(survey, "P022")}
    two = replace(heard, answers=frozenset({(VIP, mac), (VIP, "02:00:00:00:00:01")}))
    survey = replace(bare, segments={**bare.segments, "lb-2": two})
    assert judged(survey, "P022")[0].saw == "a machine with hardware address 02:00:00:00:00:01 answers for 192.168.1.110"


def test_a_master_that_has_the_virtual_ip_is_a_stranger_with_a_name(bare: Survey) -> None:
    mac = next(link.mac for link in bare.hosts["master-1"].links if link.name == "eth0")
    survey = replace(bare, segments={"lb-1": replace(bare.segments["lb-1"], answers=frozenset({(VIP, mac)}))})
    assert judged(survey, "P022")[0].saw == f"master-1 ({mac}) answers for 192.168.1.110"


def voice(source: str, vrid: int, priority: int = 100) -> Voice:
    return Voice(ip_address(source), ip_address("224.0.0.18"), 3, vrid, priority, "02:00:00:00:00:09", 3)


def test_whose_vrid_it_is(bare: Survey) -> None:
    vrid = bare.topology.load_balancers[0].instances[0].vrid

    def heard(*voices: Voice) -> set[str]:
        return results(replace(bare, segments={"lb-1": replace(bare.segments["lb-1"], voices=voices)}), "P030")

    assert heard(voice("192.168.1.7", vrid)) == {"failure", "skipped"}
    assert heard(voice("192.168.1.112", vrid)) == {"ok", "skipped"}
    assert heard(voice("192.168.1.7", vrid ^ 1)) == {"ok", "skipped"}
    # The same number over IPv6 is another virtual router.
    assert heard(voice("fe80::7", vrid)) == {"ok", "skipped"}


def test_the_loudest_of_several_strangers_is_named(bare: Survey) -> None:
    vrid = bare.topology.load_balancers[0].instances[0].vrid
    voices = (voice("192.168.1.7", vrid, 100), voice("192.168.1.8", vrid, 255))
    found = judged(replace(bare, segments={"lb-1": replace(bare.segments["lb-1"], voices=voices)}), "P030")
    assert "192.168.1.8 (02:00:00:00:00:09)" in found[0].saw
    assert "priority 255" in found[0].saw


def test_where_protocol_112_is_lost(bare: Survey) -> None:
    pair = (ip_address("192.168.1.111"), ip_address("192.168.1.112"))

    def seen(*, arrived: bool, error: str = "") -> Finding:
        hearing = replace(bare.segments["lb-2"], received=frozenset(), arrived=frozenset({pair}) if arrived else frozenset())
        sending = replace(bare.segments["lb-1"], errors={pair: error} if error else {})
        found = judged(replace(bare, segments={"lb-1": sending, "lb-2": hearing}), "P031")
        assert found[1].result == "ok"
        return found[0]

    assert seen(arrived=True).saw == "packets from 192.168.1.111 reach lb-2, and its own firewall drops them"
    assert seen(arrived=False, error="Operation not permitted").saw == "lb-1 cannot send protocol 112: Operation not permitted"
    lost = seen(arrived=False)
    assert (lost.result, lost.subject) == ("failure", "lb-1 to lb-2")
    assert lost.saw == "packets of protocol 112 from 192.168.1.111 do not reach lb-2"


def test_a_firewall_that_apply_will_open_is_no_failure(bare: Survey) -> None:
    deaf = {name: replace(facts, received=frozenset()) for name, facts in bare.segments.items()}
    assert results(replace(bare, segments=deaf), "P031") == {"failure"}
    assert results(spec(replace(bare, segments=deaf), system={"firewall": "nftables"}), "P031") == {"warning"}


def test_a_single_load_balancer_has_no_pairs(bare: Survey) -> None:
    alone = bare.topology.load_balancers[0]
    single = replace(alone, instances=tuple(replace(instance, peers=()) for instance in alone.instances))
    survey = replace(bare, topology=replace(bare.topology, load_balancers=(single,)))
    assert results(survey, "P031") == {"skipped"}


@pytest.mark.parametrize(
    ("ahead", "found"),
    [
        ({}, []),
        ({"lb-2": 0.9}, []),
        ({"lb-2": 1.5}, [("lb-2", "the clock of lb-2 is 1.5 s ahead of that of lb-1"), ("lb-2", "1.5 s ahead of this machine's")]),
        ({"lb-1": 3.0, "lb-2": 3.0, "master-1": 3.0}, [("lb-1", "the clock of lb-1 is 3.0 s ahead of this machine's")]),
        ({"master-1": -2.0}, [("lb-1", "2.0 s ahead of that of master-1"), ("master-1", "2.0 s behind this machine's")]),
    ],
)
def test_clocks(bare: Survey, ahead: dict[str, float], found: list[tuple[str, str]]) -> None:
    hosts = {name: replace(facts, clock=Clock(ahead.get(name, 0.0), 0.01)) for name, facts in bare.hosts.items()}
    bad = [finding for finding in judged(replace(bare, hosts=hosts), "P042") if finding.result != "ok"]
    assert [finding.subject for finding in bad] == [subject for subject, _ in found]
    assert all(words in finding.saw for finding, (_, words) in zip(bad, found, strict=True))


def test_a_slow_connection_is_not_a_wrong_clock(bare: Survey) -> None:
    hosts = {name: replace(facts, clock=Clock(1.5 if name == "lb-2" else 0.0, 0.8)) for name, facts in bare.hosts.items()}
    assert results(replace(bare, hosts=hosts), "P042") == {"ok"}


def with_tls(survey: Survey, *answers: TlsAnswer) -> Survey:
    hosts = {name: replace(facts, tls=answers if name.startswith("lb") else ()) for name, facts in survey.hosts.items()}
    return replace(survey, hosts=hosts)


def der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def test_api_servers_before_and_after_the_cluster(bare: Survey, authority: Any) -> None:
    certificate = der(authority.issue("kube-apiserver", ["lb.lab-home.com", "192.168.1.110"]).certificate)
    answer = TlsAnswer(ip_address("192.168.1.101"), 6443, certificate, None)
    assert results(with_tls(bare, answer), "P040") == {"ok"}
    # It names all, and ends within the hour.
    assert results(with_tls(bare, answer), "P041") == {"warning"}
    silent = replace(answer, certificate=None, error="no answer within 2 s")
    assert results(with_tls(bare, silent), "P040") == {"warning"}
    # Another host gets through: now it is no matter of a cluster that is not there yet.
    one_way = with_tls(bare, answer)
    one_way = replace(one_way, hosts={**one_way.hosts, "lb-2": replace(one_way.hosts["lb-2"], tls=(silent,))})
    found = judged(one_way, "P040")
    assert [(finding.subject, finding.result) for finding in found] == [("lb-2", "failure"), ("lb-1", "ok")]


def test_what_a_certificate_must_name_and_how_long(two_balancers: Topology, authority: Any) -> None:
    now = datetime.now(UTC)

    def judge(names: list[str], at: datetime = now) -> tuple[str, str]:
        finding = evaluate_certificate(two_balancers, "master-1", der(authority.issue("kube-apiserver", names).certificate), at)
        return finding.result, finding.saw

    everything = ["lb.lab-home.com", "192.168.1.110"]
    # The test authority's certificates are good for an hour.
    assert judge(everything)[0] == "warning"
    assert judge(everything, now + timedelta(hours=2))[0] == "failure"
    assert judge(everything, now - timedelta(hours=2))[0] == "failure"
    assert judge(["lb.lab-home.com"]) == ("failure", "its certificate does not name 192.168.1.110")
    assert judge(["kubernetes"]) == ("failure", "its certificate does not name lb.lab-home.com, 192.168.1.110")
    assert judge([]) == ("failure", "its certificate names nobody")
    assert evaluate_certificate(two_balancers, "master-1", b"no certificate", now).result == "failure"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1:2.2.7-1+b2", (2, 2, 7)),
        ("2.6.12-1+deb12u4", (2, 6, 12)),
        ("2.4.22-3.el9_3", (2, 4, 22)),
        ("2.8", (2, 8)),
        ("v2.3.1", (2, 3, 1)),
        ("unknown", ()),
    ],
)
def test_versions_of_packages(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version


def test_the_ends_of_a_bad_range_are_bad() -> None:
    assert [bool(known_bad("haproxy", (2, 2, last))) for last in (8, 9, 13, 14)] == [False, True, True, False]
    assert bool(known_bad("haproxy", (2, 8))) is True


def test_json_has_every_check_and_the_worst_first(bare: Survey) -> None:
    survey = changed(bare, link_down, "lb-2")
    shown = as_json(Preflight(evaluate_all(CHECKS, survey), (), 1.5))
    assert (shown["passed"], shown["seconds"]) == (False, 1.5)
    assert [each["id"] for each in shown["checks"]] == [check.id for check in OF_VRRP]
    interface = next(each for each in shown["checks"] if each["id"] == "P020")
    assert (interface["result"], interface["findings"][0]["subject"]) == ("failure", "lb-2")
