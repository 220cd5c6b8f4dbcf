"""The program that tells of a load balancer: its parts, and the whole of it as a process of its own."""

import ast
import datetime
import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rendered_program import load_program, program_path
from twinkeel.plan.unit_actions import UnitFile, digests
from twinkeel.status.announcer import announcer_state

PROGRAM = program_path("metrics")
DEADLINE = 20.0


@pytest.fixture(scope="module")
def metrics() -> ModuleType:
    return load_program("metrics")


def test_it_runs_on_the_oldest_python_that_a_host_may_have() -> None:
    ast.parse(PROGRAM.read_text(), feature_version=(3, 6))


def test_it_needs_no_package() -> None:
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(PROGRAM.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= set(sys.stdlib_module_names)


def certificate(until: datetime.datetime, folder: Path) -> Path:
    """A certificate and its key, in one PEM file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made up")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(datetime.datetime(1999, 1, 1, tzinfo=datetime.UTC)).not_valid_after(until)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path = folder / f"{until:%Y}.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(pem + key.private_bytes(*form))
    return path


# Both forms of time that a certificate may have: two digits of the year up to 2049, four after.
@pytest.mark.parametrize("year", [2003, 2027, 2049, 2050, 2120])
def test_when_a_certificate_expires(metrics: ModuleType, tmp_path: Path, year: int) -> None:
    until = datetime.datetime(year, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
    assert metrics.ca_expiry(certificate(until, tmp_path)) == until.timestamp()


def test_the_first_of_several_authorities_counts(metrics: ModuleType, tmp_path: Path) -> None:
    soon, late = (certificate(datetime.datetime(year, 1, 1, tzinfo=datetime.UTC), tmp_path) for year in (2028, 2038))
    (tmp_path / "both.pem").write_bytes(late.read_bytes() + soon.read_bytes())
    assert metrics.ca_expiry(tmp_path / "both.pem") == metrics.ca_expiry(soon)


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x82\xff\xff", b"\x30\x03\x02\x01\x05", b"\x30\x80" + b"\0" * 50])
def test_what_is_no_certificate_is_refused(metrics: ModuleType, data: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        metrics.not_after(data)


def test_an_address_that_was_made_anew_between_two_looks_came_and_went(metrics: ModuleType) -> None:
    held = metrics.Held(100.0, 150.0)
    held.seen(100.0, 151.0)
    assert (held.taken, held.released, held.since) == (0, 0, 100.0)
    held.seen(151.5, 152.0)
    assert (held.taken, held.released, held.since) == (1, 1, 151.5)
    held.seen(None, 153.0)
    held.seen(None, 154.0)
    assert (held.taken, held.released, held.since) == (1, 2, 153.0)


def test_the_kernels_figure_begins_anew_after_497_days(metrics: ModuleType) -> None:
    wrapped = metrics.STAMP_WRAPS
    assert metrics.begin(10.0, wrapped + 12.0) == pytest.approx(wrapped + 10.0)
    assert metrics.begin(10.0, 12.0) == 10.0


@pytest.mark.parametrize(
    ("holds", "keepalived", "down", "standby", "state"),
    [
        (True, True, True, True, "master"),
        (False, False, True, True, "stopped"),
        (False, True, True, True, "fault"),
        (False, True, False, True, "standby"),
        (False, True, False, False, "backup"),
    ],
)
def test_states_are_those_of_status(
    metrics: ModuleType, holds: bool, keepalived: bool, down: bool, standby: bool, state: str
) -> None:
    assert metrics.vrrp_state(holds, keepalived, down, standby) == state


@pytest.mark.parametrize(
    ("holds", "runs", "standby", "waits", "state"),
    [
        (True, False, True, True, "stopped"),
        (True, True, True, True, "announcing"),
        (False, True, True, True, "standby"),
        (False, True, False, True, "waiting"),
        (False, True, False, False, "fault"),
    ],
)
def test_states_of_those_that_announce_are_those_of_status(
    metrics: ModuleType, holds: bool, runs: bool, standby: bool, waits: bool, state: str
) -> None:
    assert metrics.announcer_state(holds, runs, standby, waits) == state
    assert announcer_state(holds=holds, runs=runs, standby=standby, waits=waits) == state.upper()


def peer(established: int, dropped: int, age: float, *, up: bool = True) -> dict[str, object]:
    """An entry of `show bgp summary json`, as FRR 8.4.4 writes it."""
    state, sent = ("Established", 1) if up else ("Active", 0)
    counts = {"connectionsEstablished": established, "connectionsDropped": dropped, "pfxSnt": sent}
    return {"state": state, "peerUptimeMsec": int(age) * 1000, **counts}


def test_a_session_that_fell_and_rose_between_two_looks_is_counted_once(metrics: ModuleType) -> None:
    session = metrics.Session(100.0)
    session.seen(peer(3, 2, 40), "up", 100.0)
    assert (session.up, session.established, session.dropped, session.since, session.sent, session.bfd) == (
        True,
        3,
        2,
        60.0,
        1,
        True,
    )
    session.seen(peer(3, 2, 55), "up", 115.9)
    assert (session.established, session.dropped, session.since) == (3, 2, 60.0)
    session.seen(peer(4, 3, 5), "up", 130.0)
    assert (session.established, session.dropped, session.since) == (4, 3, 125.0)
    session.seen(peer(4, 4, 10, up=False), "down", 145.0)
    assert (session.up, session.established, session.dropped, session.since, session.sent, session.bfd) == (
        False,
        4,
        4,
        135.0,
        0,
        False,
    )


@pytest.mark.parametrize("seen_dead", [True, False])
@pytest.mark.parametrize("before", [(1, 0), (3, 2), (5, 0)])
def test_the_counters_go_on_when_bgpd_starts_anew(metrics: ModuleType, seen_dead: bool, before: tuple[int, int]) -> None:
    session = metrics.Session(100.0)
    session.seen(peer(*before, 50), "up", 100.0)
    if seen_dead:
        session.seen(None, None, 115.0)
        assert (session.up, session.sent, session.since) == (False, 0, 115.0)
    session.seen(peer(1, 0, 4), "up", 130.0)
    assert (session.up, session.established, session.dropped, session.since) == (True, before[0] + 1, before[1] + 1, 126.0)
    session.seen(peer(1, 0, 19), "up", 145.0)
    assert (session.established, session.dropped) == (before[0] + 1, before[1] + 1)


def test_what_frr_says_beside_its_json_is_no_trouble(metrics: ModuleType) -> None:
    def asked(stdout: str) -> tuple[object, object]:
        found: tuple[object, object] = metrics.ask_frr(lambda *_, **__: subprocess.CompletedProcess([], 1, stdout))
        return found

    families = {
        "ipv4Unicast": {"peers": {"10.0.0.1": {"state": "Idle"}}},
        "ipv6Unicast": {"peers": {"fd00::1": {"state": "Active"}}},
    }
    summary = json.dumps(families, indent=1) + "\n"
    bfd = '[\n  {"peer":"10.0.0.1","status":"up"}\n]\n'
    both = ({"10.0.0.1": {"state": "Idle"}, "fd00::1": {"state": "Active"}}, {"10.0.0.1": "up"})
    assert asked(summary + bfd) == both
    assert asked(f"% a warning {{of}} [some]\n{summary}\nmore words\n{bfd}") == both
    assert asked("bgpd is not running\n" + bfd) == (None, {"10.0.0.1": "up"})
    assert asked(summary + "bfdd is not running\n")[1] == {}
    assert asked("") == asked("[{\n") == (None, {})


@pytest.mark.parametrize(
    ("client", "may"),
    [("10.0.0.5", True), ("10.0.1.5", False), ("::ffff:10.0.0.5", True), ("fe80::1%eth0", True), ("fd00::1", False)],
)
def test_who_may_read(metrics: ModuleType, client: str, may: bool) -> None:
    config = metrics.Config({"readers": ["10.0.0.0/24", "fe80::/10"]})
    assert config.may_read(client) is may
    assert metrics.Config({"readers": []}).may_read(client)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-30T01:02:03+00:00", 1796000523),
        ("2026-11-30T01:02:03Z", 1796000523),
        ("2026-11-30", None),
        (None, None),
        ("", None),
    ],
)
def test_when_the_files_were_applied(metrics: ModuleType, text: str | None, seconds: int | None) -> None:
    assert metrics.unix_time(text) == seconds


def test_digests_are_those_that_apply_notes(metrics: ModuleType, tmp_path: Path) -> None:
    for name in ("b.cfg", "a.cfg"):
        (tmp_path / name).write_text(f"this is {name}\n")
    entries = [{"path": str(tmp_path / name), "unit": "haproxy", "on_change": how} for name, how in
               (("b.cfg", "reload"), ("a.cfg", "reload"), ("a.cfg", "restart"))]  # fmt: skip
    noted = digests(
        [UnitFile(entry["path"], Path(entry["path"]).read_bytes(), "haproxy", entry["on_change"]) for entry in entries], ["haproxy"]
    )
    files = metrics.Files()
    assert files.digests(entries) == noted["haproxy"]
    applied, found = files.look(noted, {"files": entries})["haproxy"]
    assert applied == found
    (tmp_path / "a.cfg").write_text("this is A.cfg\n")
    assert files.look(noted, {"files": entries})["haproxy"] != (applied, applied)
    (tmp_path / "a.cfg").unlink()
    assert files.look(noted, {"files": entries})["haproxy"][1] not in (applied, found + "x")


# --- The whole of it.


@pytest.fixture
def host(tmp_path: Path) -> "Host":
    return Host(tmp_path)


class Host:
    """A folder with what a load balancer has, a systemctl that says what a file says, and the program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        (folder / "bin").mkdir()
        self.units: dict[str, tuple[str, int]] = {}
        self.say_units(haproxy=("active", 2), keepalived=("active", 0), liveness=("active", 0))
        shim = folder / "bin/systemctl"
        shim.write_text(f'#!/bin/sh\nexec cat "{folder}/units"\n')
        shim.chmod(0o755)
        (folder / "haproxy-down").write_text("0\n")
        (folder / "standby").write_text("0\n")
        self.config: dict[str, Any] = {
            "cluster": "made-up",
            "load_balancer": "lb-1",
            "address": "127.0.0.1",
            "port": self.port,
            "readers": [],
            "textfile": None,
            "virtual_ips": ["192.0.2.10"],
            "instances": [{"vip": "192.0.2.10", "version": 4, "vrid": 77}],
            "peers": {"127.0.0.2": "lb-2"},
            "down_file": str(folder / "haproxy-down"),
            "standby_file": str(folder / "standby"),
            "liveness_file": str(folder / "liveness.json"),
            "units": ["haproxy.service", "keepalived.service", "twinkeel-liveness.service"],
            "notes": str(folder / "loaded.json"),
            "live": str(folder / "live.json"),
            "generations": str(folder / "generations"),
            "ca_file": str(folder / "ca.pem"),
            "api_servers": [],
        }

    def say_units(self, **states: tuple[str, int]) -> None:
        self.units |= states
        names = {"liveness": "twinkeel-liveness"}
        blocks = (
            f"Id={names.get(name, name)}.service\nActiveState={state}\nNRestarts={count}\n"
            for name, (state, count) in self.units.items()
        )
        partial = self.folder / "units.new"
        partial.write_text("\n".join(blocks))
        partial.rename(self.folder / "units")

    @contextmanager
    def running(self, *before: str, source: Path = PROGRAM, **config: object) -> Iterator[subprocess.Popen[str]]:
        (self.folder / "metrics.json").write_text(json.dumps(self.config | config))
        environment = os.environ | {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        argv = [*before, sys.executable, str(source), str(self.folder / "metrics.json")]
        with subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def ask(self, path: str = "/metrics") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=DEADLINE) as answer:
            return str(answer.read().decode())

    def figures(self) -> dict[str, float]:
        """Series without the labels that all have -> value."""
        common = 'cluster="made-up",load_balancer="lb-1"'
        lines = [line for line in self.ask().splitlines() if not line.startswith("#")]
        assert all(common in line for line in lines)
        pairs = (line.replace(f"{common},", "").replace(f"{{{common}}}", "").rsplit(" ", 1) for line in lines)
        return {name: float(value) for name, value in pairs}

    def wait(self, until: Callable[[dict[str, float]], bool]) -> dict[str, float]:
        """The figures once they are so."""
        end, found = time.monotonic() + DEADLINE, {}
        while time.monotonic() < end:
            with suppress(OSError):
                found = self.figures()
                if until(found):
                    return found
            time.sleep(0.1)
        raise AssertionError(f"it never came: {found}")


def collected(figures: dict[str, float]) -> bool:
    return "twinkeel_collected_timestamp_seconds" in figures


def test_what_it_tells_of_a_load_balancer(host: Host, tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_text("global\n")
    empty = hashlib.sha256().hexdigest()
    entry = {"path": str(tmp_path / "haproxy.cfg"), "unit": "haproxy", "on_change": "reload"}
    (tmp_path / "live.json").write_text(json.dumps({"when": "2026-11-30T01:02:03+00:00", "files": [entry]}))
    (tmp_path / "loaded.json").write_text(json.dumps({"haproxy": {"reload": empty, "restart": empty}}))
    for number in ("0003", "0012", "unfinished"):
        (tmp_path / "generations" / number).mkdir(parents=True)
    (tmp_path / "liveness.json").write_text(json.dumps({"answered": time.monotonic() - 5, "kills": 1, "yields": 4}))
    shutil.copy(certificate(datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC), tmp_path), tmp_path / "ca.pem")
    with host.running():
        told = host.wait(lambda figures: collected(figures) and any("certificate_not" in name for name in figures))
    assert told['twinkeel_vip_held{vip="192.0.2.10"}'] == 0
    assert told['twinkeel_vrrp_state{state="backup"}'] == 1
    assert told['twinkeel_unit_restarts_total{unit="haproxy.service"}'] == 2
    assert told["twinkeel_generation"] == 12
    assert told["twinkeel_last_apply_timestamp_seconds"] == 1796000523
    assert told['twinkeel_files_drift{unit="haproxy"}'] == 1
    assert (told["twinkeel_liveness_kills_total"], told["twinkeel_liveness_yields_total"]) == (1, 4)
    assert -60 < told["twinkeel_liveness_last_answer_timestamp_seconds"] + 5 - time.time() < 5
    assert told['twinkeel_certificate_not_after_timestamp_seconds{kind="ca",name="kubernetes"}'] == 1924992000
    assert not any(value for name, value in told.items() if name.startswith("twinkeel_collect_failed"))


def test_a_change_of_the_tracked_files_is_a_transition(host: Host, tmp_path: Path) -> None:
    with host.running():
        before = host.wait(collected)
        (tmp_path / "haproxy-down").write_text("1\n")
        after = host.wait(lambda figures: figures['twinkeel_vrrp_state{state="fault"}'] == 1)
    assert after["twinkeel_haproxy_down"] == 1
    assert before['twinkeel_vrrp_transitions_total{state="fault"}'] == 0
    assert after['twinkeel_vrrp_transitions_total{state="fault"}'] == 1
    assert after["twinkeel_vrrp_state_changed_timestamp_seconds"] > before["twinkeel_vrrp_state_changed_timestamp_seconds"]


VTYSH = """\
#!/bin/sh
[ -e {folder}/hang ] && exec sleep 60
cat {folder}/frr
[ -s {folder}/frr ]
"""


def say_frr(folder: Path, *, up: bool, bfd: str = "up", sent: int = 1) -> None:
    told = peer(2, 1, 30, up=up) | {"pfxSnt": sent}
    text = json.dumps({"ipv4Unicast": {"peers": {"10.0.0.1": told}}}) + "\n" + json.dumps([{"peer": "10.0.0.1", "status": bfd}])
    (folder / "frr.new").write_text(text)
    (folder / "frr.new").rename(folder / "frr")


@pytest.fixture
def announcing(host: Host, tmp_path: Path) -> Host:
    """The same folder where the loopback's address is announced by BGP to two routers, one of which FRR does not know."""
    (tmp_path / "bin/vtysh").write_text(VTYSH.format(folder=tmp_path))
    (tmp_path / "bin/vtysh").chmod(0o755)
    say_frr(tmp_path, up=True)
    host.units = {}
    host.say_units(haproxy=("active", 2), frr=("active", 0), announce=("active", 0))
    (tmp_path / "units").write_text((tmp_path / "units").read_text().replace("=announce", "=twinkeel-announce"))
    host.config |= {"virtual_ips": ["127.0.0.1", "192.0.2.10"], "instances": [], "peers": {}}
    host.config |= {"units": ["haproxy.service", "frr.service", "twinkeel-announce.service"]}
    routers = {"routers": ["10.0.0.1", "10.0.0.2"], "bfd": True}
    host.config |= {"bgp": {**routers, "announcer_file": str(tmp_path / "announce.json")}}
    (tmp_path / "announce.json").write_text(json.dumps({"why": "serves", "until": None, "withdrawals": 3, "planned": False}))
    return host


def test_what_it_tells_of_a_load_balancer_that_announces(announcing: Host, tmp_path: Path) -> None:
    with announcing.running():
        told = announcing.wait(lambda figures: collected(figures) and 'twinkeel_bgp_session_up{router="10.0.0.1"}' in figures)
    assert told['twinkeel_announcer_state{state="announcing"}'] == 1
    assert told['twinkeel_announcer_info{reason="serves"}'] == 1
    assert told["twinkeel_announcer_withdrawals_total"] == 3
    assert {vip: told[f'twinkeel_vip_announced{{vip="{vip}"}}'] for vip in announcing.config["virtual_ips"]} == {
        "127.0.0.1": 1,
        "192.0.2.10": 0,
    }
    of_routers = {
        name: told[f'twinkeel_{name}{{router="10.0.0.1"}}'] for name in ("bgp_session_up", "bgp_routes_sent", "bfd_session_up")
    }
    assert set(of_routers.values()) == {1}
    assert told['twinkeel_bgp_session_up{router="10.0.0.2"}'] == told['twinkeel_bfd_session_up{router="10.0.0.2"}'] == 0
    assert told['twinkeel_bgp_session_established_total{router="10.0.0.1"}'] == 2
    assert told['twinkeel_bgp_session_dropped_total{router="10.0.0.1"}'] == 1
    since = told['twinkeel_bgp_session_changed_timestamp_seconds{router="10.0.0.1"}']
    assert -60 < since + 30 - time.time() < 5
    assert not any("vrrp" in name for name in told)
    assert "twinkeel_announcer_return_timestamp_seconds" not in told
    assert told['twinkeel_collect_failed{part="sessions"}'] == 0


def test_who_waits_says_until_when(announcing: Host, tmp_path: Path) -> None:
    said = {"why": 'came "back", and waits', "until": time.monotonic() + 90, "withdrawals": 3}
    (tmp_path / "announce.json").write_text(json.dumps(said))
    with announcing.running(virtual_ips=["192.0.2.10"]):
        told = announcing.wait(collected)
    assert told['twinkeel_announcer_state{state="waiting"}'] == 1
    assert abs(told["twinkeel_announcer_return_timestamp_seconds"] - time.time() - 90) < 20
    assert told['twinkeel_announcer_info{reason="came \\"back\\", and waits"}'] == 1


@pytest.mark.parametrize("how", ["no session", "nothing sent", "nobody there"])
def test_what_no_router_hears_is_not_announced(announcing: Host, tmp_path: Path, how: str) -> None:
    say_frr(tmp_path, up=how != "no session", sent=how != "nothing sent")
    if how == "nobody there":
        (tmp_path / "frr").write_text("")
    with announcing.running():
        told = announcing.wait(lambda figures: collected(figures) and 'twinkeel_bgp_session_up{router="10.0.0.1"}' in figures)
    assert told['twinkeel_vip_held{vip="127.0.0.1"}'] == 1
    assert told['twinkeel_vip_announced{vip="127.0.0.1"}'] == 0
    assert told['twinkeel_bgp_session_up{router="10.0.0.1"}'] == (how == "nothing sent")


def test_a_vtysh_that_hangs_holds_nothing_up_and_ends_no_session(announcing: Host, tmp_path: Path) -> None:
    fast = tmp_path / "fast"
    looks = "LOOK, TICK, CERTIFICATES = 15.0,"
    limits = "VTYSH_TIMEOUT, TLS_TIMEOUT, CLIENT_TIMEOUT = 5.0, 5.0, 5.0, 5.0"
    text = PROGRAM.read_text()
    assert looks in text
    assert limits in text
    fast.write_text(text.replace(looks, looks.replace("15.0", "0.3")).replace(limits, limits.replace("5.0", "0.5")))
    with announcing.running(source=fast):
        announcing.wait(lambda figures: figures.get('twinkeel_bgp_session_up{router="10.0.0.1"}') == 1)
        (tmp_path / "hang").write_text("")
        told = announcing.wait(lambda figures: figures['twinkeel_collect_failed{part="sessions"}'] == 1)
        assert told['twinkeel_bgp_session_up{router="10.0.0.1"}'] == 1
        (tmp_path / "hang").unlink()
        say_frr(tmp_path, up=False)
        told = announcing.wait(lambda figures: figures['twinkeel_bgp_session_up{router="10.0.0.1"}'] == 0)
        assert told['twinkeel_collect_failed{part="sessions"}'] == 0


def test_a_host_that_lies_is_told_and_ends_nothing(host: Host, tmp_path: Path) -> None:
    """Notes of another shape, no systemd, an authority that is none, a folder that is a file."""
    for name in ("live.json", "liveness.json"):
        (tmp_path / name).write_text('["half wri')
    (tmp_path / "loaded.json").write_text("{}")
    (tmp_path / "ca.pem").write_text("no certificate")
    (tmp_path / "generations").write_text("no folder")
    (tmp_path / "bin/systemctl").write_text("#!/bin/sh\nexit 1\n")
    with host.running():
        told = host.wait(lambda figures: figures.get('twinkeel_collect_failed{part="certificate of kubernetes"}') == 1)
        told = host.wait(collected)
    assert told['twinkeel_collect_failed{part="units"}'] == 1
    assert told['twinkeel_collect_failed{part="generations"}'] == 1
    assert "twinkeel_liveness_kills_total" not in told


@pytest.mark.parametrize("jump", [-7200.0, 7200.0, 40 * 365 * 86400.0])
def test_a_clock_that_jumps_makes_nothing_older(host: Host, metrics: ModuleType, jump: float) -> None:
    """Ages are told as times of day: what a reader takes from its own clock, which was set anew as well."""
    now = [1000.0, 1.7e9]
    collector = metrics.Collector(metrics.Config(host.config), clock=lambda: now[0], wall=lambda: now[1])
    collector.look_at_addresses()

    def ages() -> dict[str, float]:
        lines = (line.rsplit(" ", 1) for line in collector.told().splitlines() if "changed_timestamp" in line and line[0] != "#")
        return {series: now[1] - float(value) for series, value in lines}

    before = ages()
    assert len(before) == 2
    now = [1010.0, now[1] + jump + 10.0]
    assert ages() == pytest.approx({series: age + 10.0 for series, age in before.items()})


def test_the_file_for_node_exporter_is_never_half_written(host: Host, metrics: ModuleType, tmp_path: Path) -> None:
    path, whole = tmp_path / "t.prom", ["".join(f"{letter * 4000}\n" for _ in range(200)) for letter in "ab"]
    metrics.write(str(path), whole[0])
    ended = threading.Event()

    def rewrite() -> None:
        for number in range(300):
            metrics.write(str(path), whole[number % 2])
        ended.set()

    threading.Thread(target=rewrite, daemon=True).start()
    while not ended.is_set():
        assert path.read_text() in whole
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.glob(".twinkeel-*")) == []
    with host.running(textfile=str(path)):
        end = time.monotonic() + DEADLINE
        while "twinkeel_vip_held" not in path.read_text():
            assert time.monotonic() < end
            time.sleep(0.05)


def test_without_its_folder_the_file_is_missing_and_the_listener_is_not(host: Host, tmp_path: Path) -> None:
    with host.running(textfile=str(tmp_path / "away/t.prom")) as process:
        host.wait(collected)
        process.send_signal(signal.SIGKILL)
        assert process.stderr is not None
        assert "No such file or directory" in process.stderr.read()


def test_whoever_may_not_read_gets_no_answer(host: Host) -> None:
    with host.running(readers=["192.0.2.0/24"]):
        end = time.monotonic() + DEADLINE
        while True:
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", host.port)) as client:
                client.settimeout(DEADLINE)
                with suppress(ConnectionError):
                    client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
                    assert client.recv(100) == b""
                break
            assert time.monotonic() < end
            time.sleep(0.05)


def test_there_is_nothing_else_to_read(host: Host) -> None:
    with host.running():
        host.wait(collected)
        with pytest.raises(urllib.error.HTTPError) as refused:
            host.ask("/etc/passwd")
        assert refused.value.code == 404


def test_clients_that_say_nothing_keep_nobody_out_for_long(host: Host) -> None:
    with host.running():
        host.wait(collected)
        idle = [socket.create_connection(("127.0.0.1", host.port)) for _ in range(30)]
        host.wait(collected)
        for each in idle:
            each.close()


def test_a_taken_port_is_waited_for(host: Host) -> None:
    with socket.create_server(("127.0.0.1", host.port)) as taken, host.running() as process:
        assert process.stderr is not None
        assert "cannot listen" in process.stderr.readline()
        taken.close()
        host.wait(collected)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="network namespaces need root")
def test_a_virtual_ip_that_comes_and_goes_is_counted(host: Host) -> None:
    """In a network namespace of its own; it is asked through node_exporter's file, which no network is needed for."""

    def inside(process: subprocess.Popen[str], *argv: str) -> str:
        return subprocess.run(
            ["nsenter", "--net", "--target", str(process.pid), *argv], check=True, capture_output=True, text=True
        ).stdout

    def figures(process: subprocess.Popen[str]) -> dict[str, float]:
        ask = f"import urllib.request as r; print(r.urlopen('http://127.0.0.1:{host.port}/metrics', timeout=9).read().decode())"
        lines = inside(process, sys.executable, "-c", ask).splitlines()
        return {line.split("{")[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("twinkeel_vip")}

    def wait(process: subprocess.Popen[str], **wanted: float) -> dict[str, float]:
        end, found = time.monotonic() + DEADLINE, {}
        while time.monotonic() < end:
            with suppress(subprocess.CalledProcessError):
                found = figures(process)
                if all(found[f"twinkeel_vip_{name}"] == value for name, value in wanted.items()):
                    return found
            time.sleep(0.1)
        raise AssertionError(f"it never came: {found}")

    with host.running("unshare", "--net") as process:
        time_up = time.monotonic() + DEADLINE
        while Path(f"/proc/{process.pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
            assert time.monotonic() < time_up
            time.sleep(0.01)
        inside(process, "ip", "link", "set", "lo", "up")
        wait(process, held=0, taken_total=0)
        inside(process, "ip", "address", "add", "192.0.2.10/32", "dev", "lo")
        taken = wait(process, held=1, taken_total=1, released_total=0)
        assert abs(taken["twinkeel_vip_changed_timestamp_seconds"] - time.time()) < DEADLINE
        inside(process, "ip", "address", "delete", "192.0.2.10/32", "dev", "lo")
        # Back at once: between two looks of a timer nothing would have happened.
        inside(process, "ip", "address", "add", "192.0.2.10/32", "dev", "lo")
        wait(process, held=1, taken_total=2, released_total=1)
        inside(process, "ip", "address", "delete", "192.0.2.10/32", "dev", "lo")
        wait(process, held=0, taken_total=2, released_total=2)


def test_certificates_are_told_also_when_they_have_expired_and_a_server_hangs(host: Host, tmp_path: Path) -> None:
    """An expired certificate is what the metric is for; one server that never answers delays only itself."""
    path = certificate(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as expired, socket.create_server(("127.0.0.1", 0)) as hung:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = expired.accept()
                    with suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                        secured.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        servers = [
            {"name": name, "address": "127.0.0.1", "port": server.getsockname()[1]}
            for name, server in (("hung", hung), ("expired", expired))
        ]
        with host.running(api_servers=servers):
            name = 'twinkeel_certificate_not_after_timestamp_seconds{kind="api_server",name="expired"}'
            told = host.wait(lambda figures: name in figures)
    assert told[name] == 1577836800
    assert told['twinkeel_collect_failed{part="certificate of hung"}'] == 1


def vrrp(vrid: int, kind: int = 0x31) -> bytes:
    """An advertisement of version 3, without a checksum that anybody would look at."""
    return bytes([kind, vrid, 254, 1, 0, 7, 0, 0, 192, 0, 2, 10])


@pytest.mark.parametrize(
    ("version", "packet", "source", "key"),
    [
        (4, b"\x45" + bytes(19) + vrrp(77), "127.0.0.2", ("192.0.2.10", "lb-2")),
        (4, b"\x46" + bytes(23) + vrrp(77), "127.0.0.2", ("192.0.2.10", "lb-2")),
        (4, b"\x45" + bytes(19) + vrrp(77), "127.0.0.9", ("192.0.2.10", "stranger")),
        (6, vrrp(78), "fe80::1", ("fd00::10", "link-local")),
        (6, vrrp(78), "fd00::2", ("fd00::10", "lb-2")),
        (4, b"\x45" + bytes(19) + vrrp(78), "127.0.0.2", None),
        (4, b"\x45" + bytes(19) + vrrp(77, 0x32), "127.0.0.2", None),
        (4, b"\x45" + bytes(19) + vrrp(77)[:7], "127.0.0.2", None),
    ],
    ids=["lb-2", "IP options", "stranger", "multicast", "IPv6", "another router", "no advertisement", "cut off"],
)
def test_whose_advertisement_it_is(
    metrics: ModuleType, version: int, packet: bytes, source: str, key: tuple[str, str] | None
) -> None:
    instances = [{"vip": "192.0.2.10", "version": 4, "vrid": 77}, {"vip": "fd00::10", "version": 6, "vrid": 78}]
    heard = metrics.Advertisements(instances, {"127.0.0.2": "lb-2", "fd00::2": "lb-2"})
    heard.seen(version, packet, source, 5.0)
    assert {each: count for each, (count, _) in heard.heard.items() if count} == ({key: 1} if key else {})


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="raw sockets need root")
def test_advertisements_that_reach_the_host_are_counted(host: Host) -> None:
    """In a network namespace of its own: nothing of it is on this machine's network."""
    send = (
        "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112); s.bind((sys.argv[1], 0));"
        f"[s.sendto(bytes({list(vrrp(77))}), ('127.0.0.1', 0)) for _ in range(int(sys.argv[2]))]"
    )
    ask = f"import urllib.request as r; print(r.urlopen('http://127.0.0.1:{host.port}/metrics', timeout=9).read().decode())"
    with host.running("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh") as process:

        def inside(*argv: str) -> str:
            argv = ("nsenter", "--net", "--target", str(process.pid), sys.executable, "-c", *argv)
            return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

        def counted() -> dict[str, str]:
            lines = (line for line in inside(ask).splitlines() if line.startswith("twinkeel_vrrp_advertisements_heard_total"))
            return {line.split('peer="')[1].split('"')[0]: line.rsplit(" ", 1)[1] for line in lines}

        def wait(wanted: dict[str, str]) -> None:
            end, found = time.monotonic() + DEADLINE, {}
            while found != wanted:
                assert time.monotonic() < end, found
                time.sleep(0.1)
                with suppress(subprocess.CalledProcessError):
                    found = counted()

        wait({"lb-2": "0", "stranger": "0"})
        inside(send, "127.0.0.2", "5")
        inside(send, "127.0.0.9", "2")
        wait({"lb-2": "5", "stranger": "2"})
