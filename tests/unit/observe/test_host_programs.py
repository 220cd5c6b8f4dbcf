"""The programs that run on hosts: what they send is harmless and right, and what they read is told as it is."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from twinkeel.hosts.host_program import HAPROXY_SOCKET, WORK_LOCK
from twinkeel.observe.host_programs import reload_safety
from twinkeel.observe.host_state import FOLDERS, MARKER, PACKAGE_VERSIONS, READ_STATE, RELOAD_SAFETY, parse_host_state
from twinkeel.preflight.facts import Clock, parse_host
from twinkeel.preflight.host_programs import probe_segment, survey_host
from twinkeel.preflight.survey import SURVEY_HOST
from twinkeel.render.render import render
from twinkeel.rollout.keep_generation import PARTS_OF_KEEP_NOW
from twinkeel.status.load_balancer import OWN_ADDRESSES

SOURCES = sorted(Path(str(files("twinkeel"))).glob("*/host_programs/*.py"))
PARTS = {HAPROXY_SOCKET, WORK_LOCK, PACKAGE_VERSIONS, RELOAD_SAFETY, *PARTS_OF_KEEP_NOW, OWN_ADDRESSES}
MAC = bytes.fromhex("020000000001")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_old_pythons_can_read_it(source: Path) -> None:
    ast.parse(source.read_text(), feature_version=(3, 8))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_it_needs_the_standard_library_and_its_parts_alone(source: Path) -> None:
    tree = ast.parse(source.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in imported - PARTS} <= set(sys.stdlib_module_names)


def run(program: str, asked: dict[str, Any]) -> str:
    argv = [sys.executable, "-c", program, json.dumps(asked)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout


def test_state_is_read_as_it_is(tmp_path: Path) -> None:
    plain, link = tmp_path / "plain", tmp_path / "link"
    plain.write_bytes(b"content\xff\n")
    plain.chmod(0o640)
    link.symlink_to(plain)
    ours = tmp_path / "folder" / "ours.conf"
    ours.parent.mkdir()
    ours.write_text(f"# {MARKER} from the cluster\n")
    (tmp_path / "generations" / "0007").mkdir(parents=True)
    (tmp_path / "generations" / "unfinished").mkdir()
    (tmp_path / "notes.json").write_text('{"haproxy": {"reload": "1"}}')
    (tmp_path / "live.json").write_text(json.dumps({"files": [{"path": str(plain)}, {"path": str(tmp_path / "gone")}]}))
    asked = {
        "files": [str(plain), str(link), str(tmp_path / "missing")],
        "units": [],
        "packages": [],
        "notes": str(tmp_path / "notes.json"),
        "live": str(tmp_path / "live.json"),
        "marker": MARKER,
        "folders": [str(tmp_path / "folder"), str(tmp_path / "none")],
        "haproxy_socket": str(tmp_path / "no.sock"),
        "generations": str(tmp_path / "generations"),
    }
    state = parse_host_state(run(READ_STATE, asked))
    found = state.files[str(plain)]
    assert found is not None
    assert (found.kind, found.mode, found.content) == ("file", 0o640, b"content\xff\n")
    assert found.owner == Path(plain).owner()
    assert state.files[str(link)] is not None
    assert state.files[str(link)].kind == "link"  # type: ignore[union-attr]
    assert state.files[str(tmp_path / "missing")] is None
    assert state.notes == {"haproxy": {"reload": "1"}}
    assert [file.path for file in state.live] == [str(plain)]
    assert state.ours == (str(ours),)
    assert (state.generation, state.servers) == (7, {})


@pytest.mark.parametrize(("capabilities", "outlives"), [("000001fffeffffff", False), ("000001ffffffffff", True)])
def test_a_process_outlives_a_reload_with_the_capability_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capabilities: str, outlives: bool
) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "status").write_text(f"Name:\tkeepalived\nCapEff:\t{capabilities}\n")
    monkeypatch.setattr(reload_safety, "PROC", str(tmp_path))
    assert reload_safety.outlives_reload("keepalived", "ActiveState=active\nMainPID=7\n") is outlives


def test_where_nothing_is_known_a_reload_is_believed_to_be_outlived() -> None:
    assert reload_safety.outlives_reload("keepalived", "ActiveState=inactive\nMainPID=0\n")
    assert reload_safety.outlives_reload("keepalived", "")
    assert reload_safety.outlives_reload("haproxy", "MainPID=1\n"), "it has no real-time priority"


def test_notes_that_cannot_be_read_are_none(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("{")
    (tmp_path / "list").write_text("[]")
    asked: dict[str, Any] = {
        "files": [],
        "units": [],
        "packages": [],
        "marker": MARKER,
        "folders": [],
        "haproxy_socket": "/none",
        "generations": "/none",
    }
    for name in ("broken", "list", "missing"):
        state = parse_host_state(run(READ_STATE, asked | {"notes": str(tmp_path / name), "live": str(tmp_path / name)}))
        assert (state.notes, state.live) == ({}, ())


def test_folders_where_files_of_ours_can_lie_are_searched(lab_home_topology: Any) -> None:
    paths = [file.path for host in render(lab_home_topology).hosts.values() for file in host]
    assert all(path.startswith(FOLDERS) for path in paths)


def test_a_survey_of_this_machine_is_understood() -> None:
    asked = {
        "names": ["localhost"],
        "packages": [],
        "tls": [["127.0.0.1", 1]],
        "folders": ["/etc"],
        "frr": ["/etc/no-such-file", "ours"],
        "connect": [["127.0.0.1", 1]],
        "reach": [["127.0.0.1", 1]],
        "vrrp_daemon": "keepalived",
        "booleans": [],
    }
    facts = parse_host(run(SURVEY_HOST, asked), Clock(0, 0))
    assert facts.python[:2] == sys.version_info[:2]
    assert facts.names["localhost"].addresses & {ip_address("127.0.0.1"), ip_address("::1")}
    assert facts.tls[0].error == "nothing listens"
    assert facts.space["/etc"] is not None
    assert facts.kernel == os.uname().release
    assert facts.sessions is None
    assert facts.accepted == frozenset()
    assert facts.reached == {ip_address("127.0.0.1"): "refused"}
    assert facts.bfdd_real_time is None
    # Of another user than root the kernel takes no rules at all.
    assert os.geteuid() != 0 or facts.nft_refuses in ("", None)


@pytest.mark.parametrize(
    ("text", "version", "address"),
    [
        ("0100007F", 4, "127.0.0.1"),
        ("6F01A8C0", 4, "192.168.1.111"),
        ("00000000000000000000000000000000", 6, "::"),
        ("0000000000000000FFFF00006F01A8C0", 6, "::ffff:192.168.1.111"),
    ],
)
@pytest.mark.skipif(sys.byteorder != "little", reason="the kernel writes addresses in the machine's byte order")
def test_addresses_as_the_kernel_writes_them(text: str, version: int, address: str) -> None:
    assert survey_host.address_of(text, version) == address


@pytest.mark.parametrize(
    ("lines", "unit"),
    [
        ("9:name=systemd:/system.slice/haproxy.service\n1:cpu:/\n0::/system.slice/haproxy.service\n", "haproxy.service"),
        ("0::/system.slice/docker-1f2e.scope\n", None),
        ("0::/machine.slice/box.scope/system.slice/nginx.service\n", "nginx.service"),
        ("", None),
    ],
)
def test_the_unit_of_a_process(monkeypatch: pytest.MonkeyPatch, lines: str, unit: str | None) -> None:
    monkeypatch.setattr(survey_host, "text_of", lambda path: lines if path == "/proc/7/cgroup" else "")
    assert survey_host.unit_of("7") == unit


def test_an_arp_probe_teaches_nobody() -> None:
    frame = probe_segment.arp_probe(MAC, "192.168.1.110")
    assert frame[:6] == b"\xff" * 6
    assert frame[14:22] == bytes.fromhex("0001080006040001")
    assert frame[22:28] == MAC
    assert frame[28:32] == bytes(4), "a sender address would enter ARP caches"
    assert frame[38:42] == ip_address("192.168.1.110").packed
    assert len(frame) == 60


def test_a_neighbour_solicitation_is_not_duplicate_address_detection() -> None:
    frame = probe_segment.solicitation(MAC, "fd00:1::111", "fd00:1::110")
    header, body = frame[14:54], frame[54:]
    assert frame[:6] == bytes.fromhex("3333ff000110")
    assert header[8:24] == ip_address("fd00:1::111").packed, "from :: it would be duplicate address detection"
    assert header[24:40] == ip_address("ff02::1:ff00:110").packed
    assert (header[6], header[7]) == (58, 255)
    assert body[8:24] == ip_address("fd00:1::110").packed
    assert body[24:] == b"\x01\x01" + MAC
    assert probe_segment.checksum(probe_segment.group_header(header[8:24], header[24:40], len(body)) + body) == 0


def frame(kind: int, rest: bytes) -> bytes:
    return bytes(6) + MAC + kind.to_bytes(2, "big") + rest


def ipv4(protocol: int, body: bytes, source: str = "192.168.1.7", target: str = "224.0.0.18") -> bytes:
    head = bytes([0x45, 0]) + bytes(7) + bytes([protocol]) + bytes(2)
    return frame(0x0800, head + ip_address(source).packed + ip_address(target).packed + body)


ADVERT = bytes([0x31, 77, 200, 1, 0, 10, 0, 0])
MakeFrame = Callable[[], bytes]


@pytest.fixture
def seen() -> probe_segment.Watch:
    return probe_segment.Watch(b"MARK", ["192.168.1.110", "fd00:1::110"])


def test_advertisements_are_heard_and_counted(seen: probe_segment.Watch) -> None:
    for _ in range(3):
        seen.frame(ipv4(112, ADVERT))
    assert seen.heard == {("192.168.1.7", "224.0.0.18", 3, 77, 200, "02:00:00:00:00:01"): 3}


@pytest.mark.parametrize(
    "packet",
    [
        ipv4(112, b""),
        ipv4(112, bytes([0x0F, 0, 0, 0]) + b"abcdefgh"),
        ipv4(112, bytes([0x32]) + ADVERT[1:]),
        ipv4(6, ADVERT),
        ipv4(112, ADVERT)[:20],
        frame(0x86DD, bytes(20)),
        frame(0x0806, bytes(10)),
        frame(0x88CC, bytes(40)),
        frame(0x0800, b""),
    ],
)
def test_what_is_no_advertisement_is_nothing(seen: probe_segment.Watch, packet: bytes) -> None:
    seen.frame(packet)
    assert (seen.heard, seen.answers, seen.arrived) == ({}, set(), set())


def test_our_own_test_packets_are_no_stranger(seen: probe_segment.Watch) -> None:
    seen.frame(ipv4(112, bytes([0x0F, 0, 0, 0]) + b"MARK", target="192.168.1.112"))
    assert seen.arrived == {("192.168.1.7", "192.168.1.112")}
    assert seen.heard == {}


def test_whoever_calls_the_virtual_ip_its_own(seen: probe_segment.Watch) -> None:
    arp = bytes.fromhex("0001080006040002") + MAC + ip_address("192.168.1.110").packed + bytes(10)
    seen.frame(frame(0x0806, arp))
    advert = bytes([136, 0, 0, 0, 0x60, 0, 0, 0]) + ip_address("fd00:1::110").packed
    head = bytes([0x60, 0, 0, 0, 0, len(advert), 58, 255]) + ip_address("fd00:1::7").packed + ip_address("fd00:1::111").packed
    seen.frame(frame(0x86DD, head + advert))
    assert seen.answers == {("192.168.1.110", "02:00:00:00:00:01"), ("fd00:1::110", "02:00:00:00:00:01")}


def test_other_addresses_are_nobodys_business(seen: probe_segment.Watch) -> None:
    arp = bytes.fromhex("0001080006040002") + MAC + ip_address("192.168.1.1").packed + bytes(10)
    seen.frame(frame(0x0806, arp))
    assert seen.answers == set()


def test_the_test_packet_is_one_that_every_router_discards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_segment, "hardware_address", lambda interface: MAC)
    asked = {"interface": "eth0", "address6": "", "vips": ["192.168.1.110"], "mark": "aabb", "pairs": []}
    first, router, priority, _, *mark = probe_segment.Sending(asked, None).mark  # type: ignore[arg-type]
    assert first >> 4 not in (2, 3), "no known version"
    assert first & 15 != 1, "no advertisement"
    assert (router, priority) == (0, 0)
    assert bytes(mark) == b"\xaa\xbb"


@pytest.mark.parametrize(
    ("files", "keeps"),
    [
        ({"etc/10-eth0.network": "[Network]\nAddress=192.168.1.111/24\n"}, False),
        ({"etc/10-eth0.network": "[Network]\nKeepConfiguration=static\n"}, True),
        ({"etc/10-eth0.network": "[Network]\nKeepConfiguration = yes\n"}, True),
        ({"etc/10-eth0.network": "[Network]\nKeepConfiguration=dynamic-on-stop\n"}, False),
        # What netplan writes lies in /run; a drop-in of one's own goes to /etc.
        ({"run/10-eth0.network": "[Network]\n", "etc/10-eth0.network.d/keep.conf": "[Network]\nKeepConfiguration=static\n"}, True),
        (
            {
                "run/10-eth0.network": "",
                "run/10-eth0.network.d/a.conf": "KeepConfiguration=yes",
                "etc/10-eth0.network.d/a.conf": "",
            },
            False,
        ),
    ],
)
def test_after_what_the_hint_of_p017_says_networkd_keeps_the_virtual_ip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, str], keeps: bool
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    links = tmp_path / "links"
    links.mkdir()
    index = Path("/sys/class/net/lo/ifindex").read_text().strip()
    network = next(tmp_path / name for name in files if name.endswith(".network"))
    (links / index).write_text(f"ADMIN_STATE=configured\nNETWORK_FILE={network}\n")
    monkeypatch.setattr(survey_host, "NETWORKD_LINKS", str(links))
    monkeypatch.setattr(survey_host, "NETWORKD_FOLDERS", (str(tmp_path / "etc"), str(tmp_path / "run")))
    assert survey_host.dropped_by_networkd() == ([] if keeps else ["lo"])


def test_what_network_manager_leaves_alone_is_not_its(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_host, "output", lambda _: "eth0:connected\neth1:unmanaged\nlo:unmanaged\n")
    assert survey_host.managed_by_network_manager() == ["eth0"]


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("nft") is None, reason="needs nft and root")
def test_nft_is_asked_what_it_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert survey_host.nft_refuses() == ""
    monkeypatch.setattr(survey_host, "EXPRESSIONS", survey_host.EXPRESSIONS.replace("socket wildcard", "socket wildcards"))
    assert "Error" in (survey_host.nft_refuses() or "")


@pytest.mark.parametrize(
    ("manager", "unit", "may"),
    [
        ("000001ffffffffff", "CapabilityBoundingSet=cap_chown cap_sys_resource cap_bpf", True),
        # A container without it: systemd lists what it would give, not what it has.
        ("000001fffeffffff", "CapabilityBoundingSet=cap_chown cap_sys_resource cap_bpf", False),
        ("000001ffffffffff", "CapabilityBoundingSet=cap_chown cap_net_admin", False),
        ("000001ffffffffff", "", True),
        ("", "", None),
    ],
)
def test_whether_keepalived_may_raise_its_limits(
    monkeypatch: pytest.MonkeyPatch, manager: str, unit: str, may: bool | None
) -> None:
    monkeypatch.setattr(survey_host, "text_of", lambda _: f"CapInh:\t0\nCapBnd:\t{manager}\n" if manager else "")
    monkeypatch.setattr(survey_host, "output", lambda _: f"{unit}\n")
    assert survey_host.may_raise_limits("keepalived") is may
