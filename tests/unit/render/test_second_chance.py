"""What is rendered for moves that keep connections, and the parts of the program that lingers which need no network."""

import ast
import json
import sys
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from types import ModuleType

import pytest

from rendered_program import load_program, program_path
from twinkeel.render.render import render
from twinkeel.render.second_chance import CONFIG_PATH, RULES_PATH, identity
from twinkeel.render.services import packages_of, reader_of
from twinkeel.render.systemd import HANG_FILE, LINGER_PROGRAM
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology

SOURCE = program_path("second-chance")
OFF = ("profile: fast", "profile: fast, second_chance: false")
ON = ("profile: fast", "profile: fast, second_chance: true")
THREE = ("  lb-2: 192.168.1.112", "  lb-2: 192.168.1.112\n  lb-3: 192.168.1.113")
ALONE = ("  lb-2: 192.168.1.112\n", "")
INGRESS = ("ssh: {user: root}", "ssh: {user: root}\nservices: {https: {port: 443}, http: {port: 80}}")
Edited = Callable[..., Topology]


@pytest.fixture(scope="module")
def program() -> ModuleType:
    return load_program("second-chance")


def files(topology: Topology, host: str = "lb-1") -> dict[str, str]:
    return {file.path: file.content for file in render(topology, secrets=Secrets(vrrp_key="ab" * 32)).hosts[host]}


@pytest.mark.parametrize("edits", [(OFF,), (ON, ALONE), (ALONE,)], ids=["not wanted", "nobody to move to", "alone"])
def test_nothing_is_rendered(build_edited: Edited, edits: tuple[tuple[str, str], ...]) -> None:
    topology = build_edited(*edits)
    made = files(topology)
    assert not [path for path in made if "second-chance" in path or "linger" in path]
    assert LINGER_PROGRAM not in "".join(text for path, text in made.items() if path.startswith("/etc/systemd"))
    assert packages_of(topology) == ("haproxy", "keepalived")


def test_each_other_one_has_a_set_and_gets_copies(build_edited: Edited) -> None:
    topology = build_edited(ON, THREE, INGRESS)
    rules = files(topology)[RULES_PATH]
    for number, (name, address) in enumerate([("lb-2", "192.168.1.112"), ("lb-3", "192.168.1.113")], 1):
        assert f'ip daddr @lingers_{number} dup to {address} device "eth0"' in rules
        machine = next(each.machine for each in topology.load_balancers if each.machine.name == name)
        assert f"@th,64,32 {identity(machine):#010x} update @lingers_{number}" in rules
    assert "tcp dport { 6443, 80, 443 } jump segment" in rules
    assert "table ip6" not in rules
    assert packages_of(topology) == ("haproxy", "keepalived", "nftables")
    assert f"ExecStop=-{LINGER_PROGRAM} begin" in files(topology)["/etc/systemd/system/keepalived.service.d/twinkeel.conf"]


def test_what_a_host_says_is_what_the_others_listen_for(build_edited: Edited) -> None:
    topology = build_edited(ON)
    told = json.loads(files(topology, "lb-2")[CONFIG_PATH])
    rules = files(topology, "lb-1")[RULES_PATH]
    assert f"udp dport {told['linger_port']} @th,64,32 {told['identity']:#010x}" in rules
    assert f"ip saddr {told['stranger']} tcp sport {told['probe_port']} jump probe" in rules
    (vip,) = told["virtual_ips"]
    assert (vip["address"], vip["peers"]) == ("192.168.1.110", ["192.168.1.111"])


def test_a_silent_haproxy_loses_the_virtual_ip_early(build_edited: Edited) -> None:
    """By a priority that is less than every other's; what resigns in Keepalived's name says what that says."""
    made = files(build_edited(ON, THREE), "lb-2")
    keepalived = made["/etc/keepalived/keepalived.conf"]
    assert f"    file {HANG_FILE}\n    weight -3\n" in keepalived
    (vip,) = json.loads(made[CONFIG_PATH])["virtual_ips"]
    said = vip["vrrp"]
    assert (said["centiseconds"], said["source"], said["routers"]) == (7, "192.168.1.112", ["192.168.1.111", "192.168.1.113"])
    assert f"virtual_router_id {said['vrid']}\n" in keepalived
    assert f" --hang-yield 0.125 --hang-file {HANG_FILE} " in made["/etc/systemd/system/twinkeel-liveness.service"]


@pytest.mark.parametrize("why", ["failback: 60", "vrrp_version: 2", "transport: multicast", "authentication: hmac"])
def test_where_it_would_come_back_or_nobody_can_resign_for_keepalived_the_deadline_counts(build_edited: Edited, why: str) -> None:
    newest = ("ssh: {user: root}", "ssh: {user: root}\nkeepalived: {version: 2.4.2}")
    topology = build_edited((ON[0], f"{ON[1]}, {why}"), newest)
    for balancer in ("lb-1", "lb-2"):
        made = files(topology, balancer)
        assert RULES_PATH in made
        assert not [path for path, text in made.items() if path.startswith("/etc/") and (HANG_FILE in text or '"vrrp"' in text)]


def test_new_rules_are_loaded_and_a_new_program_restarts_nothing() -> None:
    assert reader_of(RULES_PATH) == ("twinkeel-second-chance", "reload")
    assert reader_of("/etc/systemd/system/twinkeel-linger-at-shutdown.service") == ("twinkeel-linger-at-shutdown", "restart")
    assert reader_of(LINGER_PROGRAM)[0] is None
    assert reader_of(CONFIG_PATH)[0] is None


def test_the_program_is_written_for_python_3_6() -> None:
    ast.parse(SOURCE.read_text(), feature_version=(3, 6))


@pytest.fixture
def config(program: ModuleType, build_edited: Edited, tmp_path: Path) -> object:
    path = tmp_path / "config.json"
    path.write_text(files(build_edited(ON))[CONFIG_PATH])
    return program.read_config(str(path))


@pytest.mark.parametrize("address", ["192.168.1.110", "fd00::110"])
def test_a_probe_is_known_again_by_its_lower_ttl_alone(program: ModuleType, config: object, address: str) -> None:
    vip = program.VirtualIp(address, [])
    sent = program.probe_packet(config, vip, 6443)
    # A sum over what holds its own checksum is zero (RFC 1071).
    ends = (12, 20) if vip.version == 4 else (8, 40)
    header, addresses, segment = sent[: ends[1]], sent[ends[0] : ends[1]], sent[ends[1] :]
    assert program.checksum(addresses + len(segment).to_bytes(4, "big") + bytes([0, 0, 0, 6]) + segment) == 0
    assert vip.version == 6 or program.checksum(header) == 0
    lower = bytearray(sent)
    lower[8 if vip.version == 4 else 7] -= 1
    ethernet = bytes(14)
    assert program.is_copy(ethernet + bytes(lower) + bytes(6), sent, vip.version)
    assert not program.is_copy(ethernet + sent, sent, vip.version), "our own, as a switch that floods may bring it back"
    lower[-1] ^= 1
    assert not program.is_copy(ethernet + bytes(lower), sent, vip.version)
    assert not program.is_copy(ethernet + sent[:20], sent, vip.version)


def line(local: str, port: int, state: str) -> str:
    return f"   0: {local}:{port:04X} 0A0A0A0A:9999 {state} 00000000:00000000 00:00000000 00000000 0 0 1\n"


def test_connections_that_still_need_this_host_are_counted(program: ModuleType, tmp_path: Path) -> None:
    vips = [program.VirtualIp("192.168.1.110", []), program.VirtualIp("fd00::110", [])]
    own, six = (vip.hexadecimal() for vip in vips)
    assert sys.byteorder == "big" or own == "6E01A8C0"
    (tmp_path / "tcp").write_text(
        "header\n" + line(own, 6443, "01") + line(own, 443, "01") + line(own, 6443, "06") + line("0100007F", 6443, "01")
    )
    (tmp_path / "tcp6").write_text("header\n" + line(six, 6443, "08") + line(six, 6443, "0A"))
    assert program.connections(vips, [6443], str(tmp_path)) == 2
    assert program.connections(vips, [6443, 443], str(tmp_path)) == 3
    (tmp_path / "tcp6").unlink()
    assert program.connections(vips, [6443], str(tmp_path)) == 1


HERE, GONE = {ip_address("192.168.1.110").packed}, set[bytes]()


@pytest.mark.parametrize(
    ("looks", "why"),
    [
        # (second, addresses of the host, connections left); the last one ends it.
        ([(0, HERE, 5), (4, HERE, 5), (5.1, HERE, 5)], "the virtual IP did not move"),
        ([(0, HERE, 0), (1, GONE, 0), (3.9, GONE, 0), (4, GONE, 0)], "no connection is left"),
        ([(0, HERE, 2), (1, GONE, 2), (9, HERE, 2)], "the virtual IP is back"),
        ([(0, HERE, 2), (1, GONE, 2), (59, GONE, 2), (60, GONE, 2)], "the time is over, 2 connections are left"),
    ],
)
def test_why_lingering_ends(program: ModuleType, config: object, looks: list[tuple[float, set[bytes], int]], why: str) -> None:
    now = [0.0]
    vips = [program.VirtualIp("192.168.1.110", ["192.168.1.112"])]
    lingering = program.Lingering(config, vips, [], None, 60, clock=lambda: now[0])
    said = []
    for second, have, count in looks:
        now[0] = second
        said.append(lingering.over(have, count))
    assert said == [*[""] * (len(looks) - 1), why]


@pytest.mark.parametrize(("source", "router"), [("192.168.1.111", "192.168.1.112"), ("fd00::111", "fd00::112")])
def test_a_resignation_is_an_advertisement_of_priority_0(program: ModuleType, source: str, router: str) -> None:
    address = "fd00::110" if ":" in source else "192.168.1.110"
    vip = program.VirtualIp(address, [], {"vrid": 110, "centiseconds": 7, "source": source, "routers": [router]})
    said = program.resignation(vip, router)
    assert said[:6] == bytes([0x31, 110, 0, 1, 0, 7])
    assert said[8:] == ip_address(address).packed
    ends = ip_address(source).packed + ip_address(router).packed
    assert program.checksum(ends + len(said).to_bytes(4, "big") + bytes([0, 0, 0, 112]) + said) == 0


def test_only_its_owner_cleans_up_and_a_later_one_is_noticed(
    program: ModuleType, config: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = str(tmp_path / "lingering.json")
    monkeypatch.setattr(program, "run_ip", lambda vip, verb: None)
    first = program.Traces(config, [], state=state, owner="twinkeel-liveness.service")
    first.note(1, 9)
    program.clean(state, owner="twinkeel-linger.service")
    assert not first.taken()
    program.Traces(config, [], state=state).note(1, 9)
    assert first.taken()
    program.clean(state, owner="twinkeel-liveness.service")
    assert Path(state).exists()
    program.clean(state)
    assert not Path(state).exists()


def test_this_machines_addresses_are_seen(program: ModuleType) -> None:
    found = program.addresses()
    assert ip_address("127.0.0.1").packed in found
    assert ip_address("192.0.2.1").packed not in found
