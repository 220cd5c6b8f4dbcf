"""Preflight on real hosts: bare ones pass; then each thing that can be broken is broken, and found under its id."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from labs import Ended, Lab, make_lab

from twinkeel.cli.load import load_topology
from twinkeel.preflight.survey import PROBE_SEGMENT

VIP = "192.168.1.110"
BALANCERS = ("lb-1", "lb-2")

# Advertisements of a VRRP version 2 router with priority 200, one a second, to VRRP's group, from address and VRID as given.
STRANGER = """
import socket, struct, sys, time
source, vrid = sys.argv[1], int(sys.argv[2])
def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
body = struct.pack("!BBBBBBH4s8x", 0x21, vrid, 200, 1, 0, 1, 0, socket.inet_aton("192.168.1.250"))
body = body[:6] + struct.pack("!H", checksum(body)) + body[8:]
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
while True:
    raw.sendto(body, ("224.0.0.18", 0))
    time.sleep(1)
"""


@pytest.fixture(scope="module")
def bare(small_spec: Path) -> Iterator[Lab]:
    yield from make_lab("test-preflight", small_spec, "--no-kubernetes")


# A lab's hosts have no more capabilities than this machine: without CAP_SYS_RESOURCE here there is none there.
OF_THIS_MACHINE = {"P019"}


def run(lab: Lab, *argv: str, **environment: str) -> Ended:
    given = [f"{name}={value}" for name, value in environment.items()]
    return lab.run("operator", ["env", *given, "twinkeel", "preflight", *argv])


def findings(lab: Lab, *argv: str, code: int = 1, **environment: str) -> dict[str, list[dict[str, Any]]]:
    """What is not good, by id; the exit code must be as given."""
    ended = run(lab, "--format", "json", *argv, **environment)
    assert ended.returncode == code, ended.stdout + ended.stderr
    checks = json.loads(ended.stdout)["checks"]
    bad = {each["id"]: [one for one in each["findings"] if one["result"] in ("failure", "warning")] for each in checks}
    return {name: some for name, some in bad.items() if some and name not in OF_THIS_MACHINE}


def failures(lab: Lab, *argv: str, code: int = 1, **environment: str) -> dict[str, dict[str, str]]:
    """Id -> subject -> what was seen, of failures alone."""
    found = findings(lab, *argv, code=code, **environment)
    seen = {name: {one["subject"]: one["saw"] for one in some if one["result"] == "failure"} for name, some in found.items()}
    return {name: some for name, some in seen.items() if some}


def edited(lab: Lab, folder: Path, *edits: tuple[str, str]) -> str:
    text = lab.paths.spec_file.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (folder / "twinkeel.yaml").write_text(text)
    return str(folder / "twinkeel.yaml")


@contextmanager
def done(lab: Lab, host: str, command: str, undo: str) -> Iterator[None]:
    """Something done on a host, and undone afterwards."""
    ended = lab.run(host, ["sh", "-ec", command])
    try:
        assert ended.returncode == 0, ended.stderr
        yield
    finally:
        lab.run(host, ["sh", "-c", undo])


def test_bare_hosts_pass_and_only_the_missing_cluster_is_told(bare: Lab) -> None:
    found = findings(bare, code=0)
    assert list(found) == ["P040"]
    assert {one["saw"] for one in found["P040"]} == {"master-1 (192.168.1.101, port 6443) gives no TLS: nothing listens"}
    text = run(bare)
    assert text.returncode == 0
    assert "P031  ok " in text.stdout
    assert "lb-2 to lb-1: protocol 112 passes from 192.168.1.112 to 192.168.1.111" in text.stdout


@pytest.mark.parametrize(("host", "who"), [("client", "a machine with hardware address"), ("master-1", "")])
def test_a_stranger_that_answers_for_the_virtual_ip(bare: Lab, host: str, who: str) -> None:
    shown = json.loads(bare.run(host, ["ip", "-j", "link", "show", "eth0"]).stdout)
    address = f"{VIP}/24 dev eth0"
    with done(bare, host, f"ip address add {address}", f"ip address del {address}"):
        found = failures(bare, "--only", "P022")
    assert set(found) == {"P022"}
    assert set(found["P022"]) == set(BALANCERS)
    assert all(shown[0]["address"] in saw and who in saw for saw in found["P022"].values())
    assert failures(bare, "--only", "P022", code=0) == {}


def test_a_virtual_ip_on_a_load_balancer_of_ours_is_no_stranger(bare: Lab) -> None:
    address = f"{VIP}/24 dev eth0"
    with done(bare, "lb-1", f"ip address add {address}", f"ip address del {address}"):
        ended = run(bare, "--only", "P022", "--only", "P021")
    assert ended.returncode == 0
    assert f"lb-1: holds {VIP} itself, and nobody else answers for it" in ended.stdout
    assert f"lb-2: {VIP} is on lb-1" in ended.stdout


def vrid_of(lab: Lab) -> int:
    return load_topology(lab.paths.spec_file).load_balancers[0].instances[0].vrid


def stranger(lab: Lab, source: str, vrid: int) -> tuple[str, str]:
    """Commands that start the stranger in the background of master-1, and end it."""
    unit = "systemd-run --quiet --collect --unit stranger"
    return f"{unit} python3 -c '{STRANGER}' {source} {vrid}", "systemctl stop stranger"


def test_a_stranger_that_speaks_our_vrid(bare: Lab) -> None:
    vrid = vrid_of(bare)
    with done(bare, "master-1", *stranger(bare, "192.168.1.101", vrid)):
        found = failures(bare)
    assert set(found) == {"P030"}
    assert set(found["P030"]) == set(BALANCERS)
    assert all(f"VRRP version 2 for VRID {vrid} with priority 200" in saw for saw in found["P030"].values())
    assert all("192.168.1.101 (" in saw for saw in found["P030"].values())


def test_a_stranger_with_another_vrid_is_heard_and_harmless(bare: Lab) -> None:
    with done(bare, "master-1", *stranger(bare, "192.168.1.101", vrid_of(bare) ^ 1)):
        ended = run(bare, "--only", "P030")
    assert ended.returncode == 0
    assert "also heard: VRID" in ended.stdout


def test_a_port_that_another_process_has(bare: Lab) -> None:
    command = "systemd-run --quiet --collect --unit squatter python3 -m http.server 6443"
    wait = "for _ in $(seq 600); do ss -ltn | grep -q :6443 && exit 0; sleep 0.1; done; exit 1"
    with done(bare, "lb-1", f"{command}; {wait}", "systemctl stop squatter"):
        found = failures(bare)
    assert found == {"P023": {"lb-1": "port 6443 (the endpoint) is taken by python3 of squatter.service at 0.0.0.0"}}


def drop_vrrp(hook: str) -> str:
    chain = f"add chain ip t c {{ type filter hook {hook} priority 0; }}"
    return f"nft add table ip t; nft '{chain}'; nft add rule ip t c ip protocol 112 drop"


def test_a_firewall_that_drops_vrrp_on_the_way_in(bare: Lab) -> None:
    with done(bare, "lb-2", drop_vrrp("input"), "nft delete table ip t"):
        found = failures(bare)
    assert found == {"P031": {"lb-1 to lb-2": "packets from 192.168.1.111 reach lb-2, and its own firewall drops them"}}


def test_a_firewall_that_drops_vrrp_on_the_way_out(bare: Lab) -> None:
    with done(bare, "lb-1", drop_vrrp("output"), "nft delete table ip t"):
        found = failures(bare)
    assert found == {"P031": {"lb-1 to lb-2": "lb-1 cannot send protocol 112: Operation not permitted"}}


def test_a_wrong_interface_and_a_wrong_prefix(bare: Lab, tmp_path: Path) -> None:
    found = failures(bare, "-f", edited(bare, tmp_path, ("name: lab-two", "name: lab-two\ninterface: eth7")))
    assert {"P020", "P021"} & set(found) == {"P020"}
    assert found["P020"]["lb-1"] == "there is no eth7 (there are: eth0); 192.168.1.111 is on eth0"
    found = failures(bare, "-f", edited(bare, tmp_path, (f"{VIP}/24", f"{VIP}/25")))
    assert set(found) == {"P021"}
    assert "another prefix length than 192.168.1.111/24" in found["P021"]["lb-1"]


def test_a_name_that_gives_another_address(bare: Lab) -> None:
    command = f"cp /etc/hosts /root/hosts; sed 's/^{VIP} /192.168.1.99 /' /root/hosts > /etc/hosts"
    with done(bare, "master-1", command, "cat /root/hosts > /etc/hosts"):
        found = failures(bare)
    assert found == {"P043": {"master-1": "lb.lab-home.com gives 192.168.1.99, which is no virtual IP"}}


def test_host_keys_that_changed_or_are_unknown(bare: Lab, tmp_path: Path) -> None:
    known = bare.paths.known_hosts_file.read_text()
    lines = {line.split()[0].split(",")[0]: line for line in known.splitlines()}
    place = next(name for name in lines if "192.168.1.112" in lines[name])
    other = next(line for line in known.splitlines() if "192.168.1.111" in line).split()[1:]
    file = tmp_path / "known_hosts"
    file.write_text(known.replace(lines[place], " ".join([lines[place].split()[0], *other])))
    found = findings(bare, "--only", "P001", code=3, TWINKEEL_SSH_KNOWN_HOSTS_FILE=str(file))["P001"]
    assert [(one["subject"], one["saw"]) for one in found] == [("lb-2", "the host shows another SSH host key than the known one")]
    assert f"ssh-keygen -R 192.168.1.112 -f {file}" in found[0]["advice"]

    file.write_text(known.replace(lines[place], ""))
    found = findings(bare, "--only", "P001", code=3, TWINKEEL_SSH_KNOWN_HOSTS_FILE=str(file))["P001"]
    assert found[0]["saw"].startswith("the host's SSH key is not known")
    assert f"ssh-keyscan -p 22 192.168.1.112 >> {file}" in found[0]["advice"]


def test_a_user_without_sudo(bare: Lab, tmp_path: Path) -> None:
    user = "useradd -m plain; install -d -o plain -m 700 ~plain/.ssh; install -o plain -m 600 ~/.ssh/authorized_keys ~plain/.ssh/"
    spec = edited(bare, tmp_path, ("lb-2: 192.168.1.112", "lb-2: {address: 192.168.1.112, ssh_user: plain}"))
    with done(bare, "lb-2", user, "userdel -r plain"):
        found = failures(bare, "-f", spec, code=3)
    assert set(found) == {"P002"}
    assert found["P002"]["lb-2"].startswith("sudo does not let us become root")


def test_a_host_that_is_off_hides_nothing_of_the_others(bare: Lab) -> None:
    bare.command("power-off", "lb-2")
    try:
        ended = run(bare, "--format", "json")
    finally:
        bare.command("power-on", "lb-2")
    assert ended.returncode == 3
    seen = json.loads(ended.stdout)
    assert seen["unreachable"] == ["lb-2"]
    assert seen["seconds"] < 100
    by_id = {each["id"]: {one["subject"]: one["result"] for one in each["findings"]} for each in seen["checks"]}
    assert by_id["P001"] == {"lb-1": "ok", "lb-2": "failure", "master-1": "ok"}
    assert by_id["P022"] == {"lb-1": "ok", "lb-2": "skipped"}
    assert by_id["P031"] == {"lb-1 to lb-2": "skipped", "lb-2 to lb-1": "skipped"}


def test_what_is_wrong_to_ask_for(bare: Lab, tmp_path: Path) -> None:
    assert run(bare, "--only", "P999").returncode == 2
    assert run(bare, "-f", str(tmp_path / "none.yaml")).returncode == 2
    assert "P001" in run(bare, "--list").stdout


def test_neighbour_solicitations_find_a_stranger_over_ipv6(bare: Lab) -> None:
    """The program itself, as the lab's spec has no IPv6 virtual IP."""
    asked = {"interface": "eth0", "address6": "fd00:1::111", "vips": ["fd00:1::110"], "seconds": 1.0, "mark": "aabb"}
    asked["pairs"] = [["fd00:1::111", "fd00:1::101"]]
    own = done(bare, "lb-1", "ip address add fd00:1::111/64 dev eth0 nodad", "ip address del fd00:1::111/64 dev eth0")
    other = "for a in 110 101; do ip address add fd00:1::$a/64 dev eth0 nodad; done"
    undo = "for a in 110 101; do ip address del fd00:1::$a/64 dev eth0; done"
    argv = ["python3", "-c", PROBE_SEGMENT, json.dumps(asked)]
    mac = json.loads(bare.run("master-1", ["ip", "-j", "link", "show", "eth0"]).stdout)[0]["address"]
    with own:
        assert json.loads(bare.run("lb-1", argv).stdout)["answers"] == []
        with done(bare, "master-1", other, undo):
            listening = dict(asked, vips=[], pairs=[["fd00:1::101", "fd00:1::111"]], address6="fd00:1::101", seconds=3.0)
            command = f"systemd-run --quiet --pipe python3 -c \"$0\" '{json.dumps(listening)}' > /root/heard 2>&1 &"
            bare.run("master-1", ["sh", "-c", command, PROBE_SEGMENT])
            seen = json.loads(bare.run("lb-1", argv).stdout)
    assert seen["answers"] == [["fd00:1::110", mac]]
    assert seen["received"] == [["fd00:1::101", "fd00:1::111"]]


def lives(lab: Lab) -> list[str]:
    """What keepalived said, its process, and its addresses, on each load balancer."""
    command = "journalctl -u keepalived -o cat --no-pager; systemctl show -p MainPID keepalived; ip -o -4 address show eth0"
    return [lab.run(name, ["sh", "-c", command]).stdout for name in BALANCERS]


def test_live_load_balancers_are_not_disturbed(bare: Lab) -> None:
    applied = bare.run("operator", ["twinkeel", "apply"])
    assert applied.returncode == 0, applied.stderr
    # keepalived announces once more a while after it became the holder; only then is its log at rest.
    before = lives(bare)
    for _ in range(2):
        assert failures(bare, code=0) == {}
    assert lives(bare) == before
    assert VIP in "".join(before)


@pytest.mark.parametrize("option", [(), ("--no-preflight",)])
def test_an_apply_does_not_begin_beside_a_stranger(bare: Lab, option: tuple[str, ...]) -> None:
    """It says which check failed and exits with 3, and has not even taken the lock; unless it is told to go on."""
    address = f"{VIP}/24 dev eth0"
    before = lives(bare)
    with done(bare, "client", f"ip address add {address}", f"ip address del {address}"):
        ended = bare.run("operator", ["twinkeel", "apply", *option])
    if not option:
        assert ended.returncode == 3
        assert "P022" in ended.stderr
        assert "Validate every load balancer" not in ended.stderr
        assert lives(bare) == before
    assert ("P022" in ended.stderr) is not bool(option)


def test_a_real_cluster_behind_the_load_balancers(lab: Lab) -> None:
    ended = run(lab, "--only", "P040", "--only", "P041", "--format", "json")
    results = {each["id"]: {one["result"] for one in each["findings"]} for each in json.loads(ended.stdout)["checks"]}
    assert results == {"P040": {"ok"}, "P041": {"ok"}}
    assert ended.returncode == 0
