"""What the spec's wider keys become: addresses, services, passwords, limits, versions, raw lines."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from twinkeel.errors import SpecError
from twinkeel.render.constraints import requested_by, requested_by_spec, violated_constraints
from twinkeel.render.extra_lines import ExtraLine, locate, marked
from twinkeel.render.files import RenderedFile
from twinkeel.render.firewall import Guarded, guarded_ports, served_ports, vrrp_sources
from twinkeel.render.limits import MOST_FILES, limits
from twinkeel.render.render import render
from twinkeel.render.versions import HAPROXY_KEYWORDS, haproxy_has
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.spec.secrets import Secrets
from twinkeel.spec.software_versions import KNOWN
from twinkeel.topology.build import build
from twinkeel.topology.model import Service, Topology
from twinkeel.topology.settings import Metrics
from twinkeel.vip.daemon import Version

Build = Callable[..., Topology]
PROFILE = "failover: {profile: fast}\n"
SPECS = Path(__file__).parents[2] / "golden/specs"
PASSWORDS = Secrets("vrrp:PW1", "metrics-PW")


def golden_spec(name: str) -> Topology:
    spec = load(SourceFile(name, (SPECS / f"{name}.yaml").read_text())).spec
    assert spec is not None
    return build(spec, Path("/srv"))


def files(topology: Topology, host: str = "lb-1", secrets: Secrets = PASSWORDS) -> dict[str, RenderedFile]:
    return {file.path: file for file in render(topology, "verified", secrets).hosts[host]}


def haproxy(topology: Topology, secrets: Secrets = PASSWORDS) -> RenderedFile:
    return files(topology, secrets=secrets)["/etc/haproxy/haproxy.cfg"]


def with_keys(build_edited: Build, keys: str) -> Topology:
    return build_edited((PROFILE, PROFILE + keys))


@pytest.mark.parametrize(
    ("spec", "binds"),
    [
        ("co-located", ["*:8443"]),
        ("ipv6-only", ["[::]:6443 v6only"]),
        ("dual-stack", ["*:6443", "[::]:6443 v6only", "*:443", "[::]:443 v6only"]),
    ],
)
def test_the_endpoint_listens_on_the_virtual_ips_kinds_alone(spec: str, binds: list[str]) -> None:
    topology = golden_spec(spec)
    host = topology.load_balancers[0].machine.name
    text = files(topology, host)["/etc/haproxy/haproxy.cfg"].content
    assert re.findall(r"^    bind (.*)$", text, re.MULTILINE) == [*binds, "127.0.0.1:8404"]


@pytest.mark.parametrize(("version", "lacks"), [("2.2", 2), ("2.3", 1), ("2.4", 0), ("2.6", 0), ("3.2", 0), ("3.4", 0)])
def test_a_keyword_is_rendered_only_for_a_version_that_has_it(build_edited: Build, version: str, lacks: int) -> None:
    topology = with_keys(build_edited, f'haproxy: {{version: "{version}"}}\n')
    first_words = {line.split()[0] for line in haproxy(topology).content.splitlines() if line.strip()}
    missing = [keyword for keyword in HAPROXY_KEYWORDS if not haproxy_has(topology.haproxy.version, keyword)]
    assert len(missing) == lacks
    assert not first_words & set(missing)
    assert set(HAPROXY_KEYWORDS) - set(missing) <= first_words


def test_every_conditional_keyword_is_new_in_some_supported_version() -> None:
    oldest, newest = KNOWN["haproxy"]
    assert all(oldest < since <= newest for since in HAPROXY_KEYWORDS.values())


def haproxy_with(topology: Topology, **changes: Any) -> Topology:
    return replace(topology, haproxy=replace(topology.haproxy, **changes))


def keepalived_with(topology: Topology, version: Version) -> Topology:
    return replace(topology, vrrp_daemon=replace(topology.vrrp_daemon, version=version))


WEB = Service("web", 443, (), 443, "none", "tcp", "/", None, 200)


@pytest.mark.parametrize(
    ("edit", "refused"),
    [
        (lambda lab: haproxy_with(lab, version=(2, 1)), ["haproxy.version"]),
        (lambda lab: haproxy_with(lab, version=(3, 5)), []),
        (lambda lab: haproxy_with(lab, version=(3, 2, 9)), []),
        (lambda lab: keepalived_with(lab, (2, 0, 20)), ["keepalived.version"]),
        (lambda lab: keepalived_with(lab, (2, 3, 3)), []),
        (lambda lab: haproxy_with(lab, version=(2, 3), metrics=Metrics(None, 8405, None)), ["haproxy.metrics"]),
        (lambda lab: haproxy_with(lab, version=(2, 4), metrics=Metrics(None, 8405, None)), []),
        (lambda lab: haproxy_with(lab, metrics=Metrics(lab.endpoint.vip.ip, 8405, None)), ["haproxy.metrics.address"]),
        (lambda lab: haproxy_with(lab, metrics=Metrics(ip_address("0.0.0.0"), 8405, None)), []),  # noqa: S104
        (lambda lab: haproxy_with(lab, max_connections=400_000), []),
        (lambda lab: replace(haproxy_with(lab, max_connections=400_000), services=(WEB,)), ["haproxy.max_connections"]),
    ],
)
def test_what_the_daemons_cannot_do_is_refused(
    lab_home_topology: Topology, edit: Callable[[Topology], Topology], refused: list[str]
) -> None:
    topology = edit(lab_home_topology)
    assert [item.key for item in violated_constraints(requested_by(topology))] == refused
    if refused:
        with pytest.raises(SpecError) as caught:
            render(topology)
        assert caught.value.where == ", ".join(refused)
        assert caught.value.hint
    else:
        render(topology)


def test_a_missing_password_names_where_it_can_come_from() -> None:
    with pytest.raises(SpecError, match="vrrp_password") as caught:
        render(golden_spec("vrrp2-password"))
    assert "TWINKEEL_VRRP_PASSWORD" in caught.value.hint
    with pytest.raises(SpecError, match="metrics_password") as caught:
        render(golden_spec("multi-vip-ingress"), "verified", Secrets(vrrp_password="not-this"))  # noqa: S106
    assert "TWINKEEL_METRICS_PASSWORD" in caught.value.hint


def test_files_with_a_password_are_private_and_no_other_file_has_it() -> None:
    for spec, private in (
        ("vrrp2-password", {"/etc/keepalived/keepalived.conf"}),
        ("multi-vip-ingress", {"/etc/haproxy/haproxy.cfg"}),
    ):
        rendered = files(golden_spec(spec))
        assert {path for path, file in rendered.items() if file.mode == 0o600} == private
        assert {path for path, file in rendered.items() if "vrrp:PW1" in file.content} == private - {"/etc/haproxy/haproxy.cfg"}
        assert not [path for path, file in rendered.items() if "metrics-PW" in file.content]


def test_a_password_that_nothing_needs_is_not_written(lab_home_topology: Topology) -> None:
    assert render(lab_home_topology, "verified", PASSWORDS) == render(lab_home_topology)


def test_metrics_open_to_one_authorization_header_alone() -> None:
    word = base64.b64encode(b"prometheus:metrics-PW").decode()
    digest = hashlib.sha256(f"Basic {word}".encode()).hexdigest().upper()
    text = haproxy(golden_spec("multi-vip-ingress")).content
    section = text[text.index("frontend twinkeel-metrics") :]
    assert section.index(f"http-request auth realm haproxy unless {{ req.fhdr(authorization),sha2(256),hex -m str {digest} }}") < (
        section.index("use-service prometheus-exporter")
    )


@pytest.mark.parametrize("services", [0, 1, 3])
def test_full_frontends_leave_the_loopback_its_reserve(build_edited: Build, services: int) -> None:
    listed = "".join(f"  s{number}: {{port: {5000 + number}}}\n" for number in range(services))
    topology = with_keys(build_edited, f"services:\n{listed}" if services else "")
    text = haproxy(topology).content
    (process,) = [int(line.split()[1]) for line in text.split("defaults")[0].splitlines() if line.startswith("    maxconn")]
    frontends = [int(figure) for figure in re.findall(r"^    maxconn (\d+)$", text.split("\ndefaults")[1], re.MULTILINE)]
    assert len(frontends) == 1 + services
    assert sum(frontends) + 100 == process == limits(topology).process
    drop_in = files(topology)["/etc/systemd/system/haproxy.service.d/twinkeel.conf"].content
    assert f"LimitNOFILE={2 * process + 800}\n" in drop_in
    assert limits(topology).files < MOST_FILES


@pytest.mark.parametrize(("log", "bound"), [("/dev/log", True), ("/run/other", True), ("192.168.1.50:514", False)])
def test_a_log_socket_is_there_in_the_chroot(build_edited: Build, log: str, bound: bool) -> None:
    topology = with_keys(build_edited, f"haproxy: {{log: '{log}'}}\n")
    assert f"    log {log} local0\n" in haproxy(topology).content
    drop_in = files(topology)["/etc/systemd/system/haproxy.service.d/twinkeel.conf"].content
    assert (f"BindReadOnlyPaths=-{log}:/var/lib/haproxy{log}\n" in drop_in) is bound
    assert ("BindReadOnlyPaths" in drop_in) is bound


def test_proxy_protocol_reaches_servers_and_their_checks() -> None:
    text = haproxy(golden_spec("multi-vip-ingress")).content
    backends = {section.split("\n", 1)[0]: section for section in text.split("\nbackend ")[1:]}
    assert " check port 10254 send-proxy-v2 inter " in backends["service.https"]
    assert "http-check send meth GET uri /healthz ver HTTP/1.1 hdr Host api.shop.example.net" in backends["service.https"]
    assert "server w-1 10.33.0.31:30443" in backends["service.https"]
    assert " check send-proxy inter " in backends["service.http"]
    assert " check check-ssl verify none inter " in backends["service.registry"]
    assert "send-proxy" not in backends["kubernetes-api"]


def test_frontends_and_backends_never_share_a_name() -> None:
    text = haproxy(golden_spec("multi-vip-ingress")).content
    names = re.findall(r"^(?:frontend|backend) (\S+)$", text, re.MULTILINE)
    assert len(names) == len(set(names)) == 10


@pytest.mark.parametrize(
    ("spec", "wanted", "unwanted"),
    [
        ("failback", "    preempt_delay 12.5\n", "nopreempt"),
        ("multicast-ufw", "    mcast_src_ip 10.36.0.11\n", "preempt"),
        ("ipv6-only", "        fd00:32::10/64 dev eth0 preferred_lft 0\n", "mcast_src_ip"),
        ("vrrp2-password", "        auth_pass vrrp:PW1\n", "unicast_peer"),
        ("vrrp2-password", "    vrrp_version 2\n", "vrrp_version 3"),
        ("dual-stack", "        fd00:31::12 min_ttl 255 max_ttl 255\n", "auth_"),
    ],
)
def test_keepalived_takes_the_spec_at_its_word(spec: str, wanted: str, unwanted: str) -> None:
    text = files(golden_spec(spec))["/etc/keepalived/keepalived.conf"].content
    assert wanted in text
    assert unwanted not in text


def test_every_instance_tracks_the_files() -> None:
    text = files(golden_spec("dual-stack"))["/etc/keepalived/keepalived.conf"].content
    instances = text.split("\nvrrp_instance ")[1:]
    assert len(instances) == 2
    assert all(
        "    track_file {\n        haproxy_down\n        standby\n        haproxy_hangs\n    }\n" in instance
        for instance in instances
    )


def test_a_firewall_knows_the_ports_and_the_peers() -> None:
    topology = golden_spec("multi-vip-ingress")
    assert served_ports(topology) == (80, 443, 5000, 6443)
    assert guarded_ports(topology) == (Guarded(8405, ("10.33.9.0/24", "10.33.0.50", "fd00:33::/64")),)
    assert [(one.source, one.destination) for one in vrrp_sources(topology.load_balancers[0])] == [("10.33.0.12", None)]
    six = vrrp_sources(golden_spec("ipv6-only").load_balancers[0])
    assert [(one.source, str(one.destination)) for one in six] == [("fe80::/10", "ff02::12")]


def test_no_firewall_file_without_a_firewall(lab_home_topology: Topology) -> None:
    assert not [path for path in files(lab_home_topology) if "firewall" in path]


@pytest.mark.parametrize("spec", ["dual-stack", "multi-vip-ingress", "separate-etcd", "multicast-ufw"])
def test_no_firewall_file_names_ssh(spec: str) -> None:
    rules = [line for path, file in files(golden_spec(spec)).items() if "firewall" in path for line in file.content.splitlines()]
    assert rules
    assert not [line for line in rules if re.search(r"\b22\b|default deny|policy drop|ufw enable|flush ruleset", line)]


def test_raw_lines_are_marked_and_found_again() -> None:
    text = "head\n" + marked("\n  first\n    second\n", "haproxy.extra.backend", 4) + "\ntail\n"
    assert text.splitlines() == [
        "head",
        "    # BEGIN lines of the spec: haproxy.extra.backend",
        "",
        "    first",
        "      second",
        "    # END lines of the spec: haproxy.extra.backend",
        "tail",
    ]
    assert [locate(text, line) for line in (1, 7, 99)] == [None, None, None]
    assert locate(text, 4) == ExtraLine("haproxy.extra.backend", 2)
    assert locate(text, 5) == ExtraLine("haproxy.extra.backend", 3)


def test_raw_lines_stand_at_their_places() -> None:
    rendered = files(golden_spec("extra-lines"))
    for path, line, key in (
        ("/etc/haproxy/haproxy.cfg", "    tune.bufsize 32768", "haproxy.extra.global"),
        ("/etc/haproxy/haproxy.cfg", "    timeout server 2h", "haproxy.extra.backend"),
        ("/etc/keepalived/keepalived.conf", "    garp_master_repeat 3", "keepalived.extra.vrrp_instance"),
        ("/etc/keepalived/keepalived.conf", "static_ipaddress {", "keepalived.extra.sections"),
    ):
        lines = rendered[path].content.splitlines()
        found = locate(rendered[path].content, lines.index(line) + 1)
        assert found is not None
        assert found.key == key


@pytest.mark.parametrize("name", sorted(path.stem for path in SPECS.iterdir()))
def test_a_spec_asks_for_what_its_topology_asks_for(name: str) -> None:
    spec = load(SourceFile(name, (SPECS / f"{name}.yaml").read_text())).spec
    assert spec is not None
    assert requested_by_spec(spec) == requested_by(build(spec, Path("/srv")))
