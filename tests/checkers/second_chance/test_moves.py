"""Planned moves that keep every connection: real HAProxy, Keepalived and nftables in network namespaces."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.topology.model import Topology

from .segment import HERE, Balancer, Segment, require_programs, segment, wait_for

# TWINKEEL_TEST_MOVES=100 for the figures of docs/second-chance.md.
FIGURES = os.environ.get("TWINKEEL_TEST_MOVES")
MOVES = int(FIGURES or "12")
KINDS = ("new", "kept", "slow", "upload", "stream")
# With the profile's 0.07 s a machine that starves Keepalived for 0.3 s moves the address unplanned, and that breaks connections.
ADVERTISED = "" if FIGURES else ", advert_interval: 0.4"
ON = ("profile: fast", f"profile: fast, second_chance: true{ADVERTISED}")
THREE = ("  lb-2: 192.168.1.112", "  lb-2: 192.168.1.112\n  lb-3: 192.168.1.113")
DUAL = (
    ("vip: 192.168.1.110/24", "vips: [192.168.1.110/24, 'fd00::110/64']"),
    ("lb-1: 192.168.1.111", "lb-1: {address: 192.168.1.111, address6: 'fd00::111'}"),
    ("lb-2: 192.168.1.112", "lb-2: {address: 192.168.1.112, address6: 'fd00::112'}"),
)
TWO_OF_A_KIND = ("vip: 192.168.1.110/24", "vips: [192.168.1.110/24, 192.168.1.109/24]")
NONE_BROKEN = dict.fromkeys(KINDS, 0)

# A firewall of the owner's: what firewalld and ufw drop, both of them before anything of the kind is let in.
STRICT = """\
table inet strict {
    chain input {
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        iifname lo accept
        ct state invalid drop
        meta l4proto { icmp, icmpv6, 112 } accept
        tcp dport 6443 tcp flags & (fin|syn|rst|ack) == syn ct state new accept
    }
    chain forward { type filter hook forward priority filter; policy drop; }
    chain output { type filter hook output priority filter; ct state invalid drop; }
}
"""
NO_STRANGERS = """\
table ip strict {
    chain output {
        type filter hook output priority filter; policy accept;
        ip saddr != { 192.168.1.0/24, 127.0.0.0/8 } drop
    }
}
"""
Edited = Callable[..., Topology]


@pytest.fixture(autouse=True)
def _needs() -> None:
    require_programs()


def broken(seen: dict[str, dict[str, float]]) -> dict[str, float]:
    return {kind: seen[kind]["failed"] for kind in KINDS}


def show(seen: dict[str, dict[str, float]]) -> None:
    """For `pytest -s`."""
    sys.stdout.write(json.dumps(seen) + "\n")


def move_again_and_again(made: Segment, moves: int, vip: str | None = None, *, keep: bool = True) -> dict[str, dict[str, float]]:
    with made.using(vip or made.vips[0]) as seen:
        for _ in range(moves):
            made.move(keep=keep)
            time.sleep(0.7)
    return seen


def no_plain_move(made: Segment) -> bool:
    return all(each.moved_plainly == 0 for each in made.balancers.values())


def lingering_ends(made: Segment) -> None:
    for each in made.balancers.values():
        if each.lingering is not None:
            each.wait_until_silent(30)


def test_nothing_breaks_in_moves_back_and_forth_and_nothing_stays_behind(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON), tmp_path) as made:
        before = {name: each.traces() for name, each in made.balancers.items()}
        seen = move_again_and_again(made, MOVES)
        show(seen)
        assert no_plain_move(made)
        assert broken(seen) == NONE_BROKEN
        lingering_ends(made)
        assert {name: each.traces() for name, each in made.balancers.items()} == before


def test_a_plain_move_breaks_what_the_client_has(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON), tmp_path) as made:
        assert broken(move_again_and_again(made, 2, keep=False))["kept"] >= 10


def test_lingering_alone_saves_nothing(build_edited: Edited, tmp_path: Path) -> None:
    """The rule that copies, taken out, while the probe still passes."""
    with segment(build_edited(ON), tmp_path) as made:
        for each in made.balancers.values():
            each.load_rules(lambda rules: rules.replace("ip daddr @lingers_1 dup to", "ip daddr 192.0.2.9 dup to", 1))
        with made.using(made.vips[0]) as seen:
            made.move()
            time.sleep(9)  # What is passed on to nobody hangs: the client gives up after 8 s.
        assert seen["kept"]["failed"] == 10
        assert no_plain_move(made)


@pytest.mark.parametrize("vip", [0, 1], ids=["ipv4", "ipv6"])
def test_both_versions_of_ip(build_edited: Edited, tmp_path: Path, vip: int) -> None:
    with segment(build_edited(ON, *DUAL), tmp_path) as made:
        seen = move_again_and_again(made, MOVES // 2, made.vips[vip])
        show(seen)
        assert no_plain_move(made)
        assert broken(seen) == NONE_BROKEN
        lingering_ends(made)
        assert "1000" not in "".join(each.traces() for each in made.balancers.values())


def test_several_virtual_ips_that_move_apart(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON, TWO_OF_A_KIND), tmp_path) as made, made.using(made.vips[1]) as other:
        one = move_again_and_again(made, 6)
    for seen in (one, other):
        show(seen)
        assert broken(seen) == NONE_BROKEN


def test_three_load_balancers_in_a_ring(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON, THREE), tmp_path) as made:
        names = list(made.balancers)
        at = names.index(made.holder(made.vips[0]).name)
        with made.using(made.vips[0]) as seen:
            for step in (1, 2, 3, 2, 1, 3, 2, 3) * (MOVES // 12):
                made.move(names[(at + step) % 3])
                time.sleep(0.7)
        show(seen)
        assert no_plain_move(made)
        assert broken(seen) == NONE_BROKEN


@pytest.mark.parametrize("rp_filter", [0, 1, 2])
def test_reverse_path_filters(build_edited: Edited, tmp_path: Path, rp_filter: int) -> None:
    with segment(build_edited(ON), tmp_path) as made:
        for each in made.balancers.values():
            script = f"for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo {rp_filter} > $file; done"
            each.run("sh", "-c", script)
        assert broken(move_again_and_again(made, 4)) == NONE_BROKEN
        assert no_plain_move(made)


def test_behind_a_firewall_that_drops_what_it_does_not_know(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON), tmp_path) as made:
        for each in made.balancers.values():
            each.run("nft", "-f", "-", text=STRICT)
        assert broken(move_again_and_again(made, 6)) == NONE_BROKEN
        assert no_plain_move(made)


def successor(made: Segment) -> Balancer:
    holder = made.holder(made.vips[0])
    return next(each for each in made.balancers.values() if each is not holder)


@pytest.mark.parametrize("why", ["no rules", "strangers do not leave"])
def test_a_successor_that_passes_nothing_on_gets_a_plain_move(build_edited: Edited, tmp_path: Path, why: str) -> None:
    with segment(build_edited(ON), tmp_path) as made:
        holder, other = made.holder(made.vips[0]), successor(made)
        before = holder.traces()
        if why == "no rules":
            other.run("nft", "delete", "table", "ip", "twinkeel_second_chance")
        else:
            other.run("nft", "-f", "-", text=NO_STRANGERS)
        with made.using(made.vips[0]) as seen:
            made.move()
            assert holder.moved_plainly == 1
            holder.wait_until_silent(2)
            assert holder.traces() == before
        assert seen["kept"]["failed"] == 10
        assert seen["kept"]["stall"] < 1000, "they are reset at once, as ever"


def test_when_the_old_holder_dies_its_clients_are_reset_soon(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON), tmp_path) as made:
        holder = made.holder(made.vips[0])
        with made.using(made.vips[0]) as seen:
            made.move()
            time.sleep(0.5)
            made.switch.run("ip", "link", "set", f"to-{holder.name}", "down")
            time.sleep(5)
        assert seen["kept"]["failed"] == 10
        assert set(seen["why"]) <= {f"{kind}: {error}" for kind in KINDS for error in ("ConnectionResetError", "BrokenPipeError")}
        assert seen["new"]["failed"] == 0


def test_an_unplanned_end_of_the_holder_resets_at_once(build_edited: Edited, tmp_path: Path) -> None:
    """Nobody lingers: the rules do nothing."""
    with segment(build_edited(ON), tmp_path) as made:
        holder, other = made.holder(made.vips[0]), successor(made)
        with made.using(made.vips[0]) as seen:
            made.switch.run("ip", "link", "set", f"to-{holder.name}", "down")
            time.sleep(3)
        assert seen["kept"]["failed"] == 10
        assert all(why.endswith(("ResetError", "PipeError")) for why in seen["why"])
        assert "counter packets 0 bytes 0" in other.run("nft", "list", "chain", "ip", "twinkeel_second_chance", "unknown")


def test_the_window_bounds_it(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON), tmp_path) as made:
        holder = made.holder(made.vips[0])
        before = holder.traces()
        holder.configure(window=2)
        with made.using(made.vips[0]) as seen:
            made.move()
            time.sleep(1)
            assert holder.traces() != before
            holder.wait_until_silent(6)
            assert holder.traces() == before
            time.sleep(2)
        assert seen["kept"]["failed"] == 10, "each is reset once, at the end"
        assert all(why.endswith(("ResetError", "PipeError")) for why in seen["why"])


def test_a_program_that_is_killed_leaves_nothing_after_the_clean_up(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON), tmp_path) as made:
        holder = made.holder(made.vips[0])
        before = holder.traces()
        with made.using(made.vips[0]) as seen:
            made.move()
            assert holder.lingering is not None
            holder.lingering.kill()
            holder.wait_until_silent(2)
            assert holder.traces() == before
            time.sleep(4)
        assert seen["kept"]["failed"] == 10
        assert all(why.endswith(("ResetError", "PipeError")) for why in seen["why"])


def test_keepalived_is_stopped(build_edited: Edited, tmp_path: Path) -> None:
    """As its unit's ExecStop does it: first the connections, then the process."""
    with segment(build_edited(ON), tmp_path) as made:
        holder, other = made.holder(made.vips[0]), successor(made)
        with made.using(made.vips[0]) as seen:
            holder.begin()
            holder.keepalived.terminate()
            holder.keepalived.wait(10)
            wait_for(lambda: other.has(made.vips[0]), "nobody took the virtual IP")
            # An apply that changed its unit starts it again, and stops it once more: the connections are still served.
            holder.start_keepalived()
            holder.begin()
            holder.keepalived.terminate()
            time.sleep(1)
        assert broken(seen) == NONE_BROKEN


def test_a_shutdown_waits_and_moves_the_virtual_ip(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON), tmp_path) as made:
        holder, other = made.holder(made.vips[0]), successor(made)
        before = holder.traces()
        holder.configure(shutdown_window=4)
        holder.run(*holder.program("shutdown"))
        assert holder.has(made.vips[0]), "the machine does not go down: nothing happens"
        systemctl = holder.files / "systemctl"
        systemctl.write_text("#!/bin/sh\necho stopping\n")
        systemctl.chmod(0o755)
        ended = made.client.start(sys.executable, str(HERE / "client.py"), made.vips[0], "6443")
        time.sleep(1)
        holder.run("env", f"PATH={holder.files}:/usr/sbin:/usr/bin:/sbin:/bin", *holder.program("shutdown"))
        seen = json.loads(ended.communicate(timeout=30)[0])
        holder.clean()
        assert other.has(made.vips[0])
        assert holder.traces() == before
        # Until it was over nobody was reset; then those that had not ended were.
        assert seen["kept"]["ok"] > 300
        assert seen["kept"]["failed"] <= 10
        assert seen["slow"]["failed"] <= 4


def test_syn_cookies(build_edited: Edited, tmp_path: Path) -> None:
    """The segment that ends a handshake belongs to no socket: it must not be passed on."""
    with segment(build_edited(ON), tmp_path) as made:
        for each in made.balancers.values():
            each.run("sh", "-c", "echo 2 > /proc/sys/net/ipv4/tcp_syncookies")
        holder, vip = made.holder(made.vips[0]), made.vips[0]
        served = ("ss", "-Htn", "state", "connected", "exclude", "time-wait", "src", f"{vip}:6443")
        with made.using(vip) as seen:
            made.move()
            time.sleep(1)
            before = len(holder.run(*served).splitlines())
            made.client.start(sys.executable, "-c", MANY, vip)
            time.sleep(1)
            # Namespaces of one kernel take each other's cookies: what was passed on would be answered, but from the wrong place.
            assert len(holder.run(*served).splitlines()) <= before
        assert broken(seen) == NONE_BROKEN


def hardware_address(balancer: Balancer) -> str:
    return balancer.run("cat", "/sys/class/net/eth0/address").strip()


def test_the_old_holder_neither_answers_nor_announces(build_edited: Edited, tmp_path: Path) -> None:
    """Clients whose neighbour tables are empty learn the new holder alone, whoever the old one has to look for."""
    with segment(build_edited(ON), tmp_path) as made:
        holder, other, vip = made.holder(made.vips[0]), successor(made), made.vips[0]
        with made.using(vip) as seen:
            made.move()
            time.sleep(1.5)  # Keepalived announces the address a second time.
            for _ in range(20):
                holder.run("ip", "neighbour", "flush", "dev", "eth0")
                made.client.run("ip", "neighbour", "flush", "dev", "eth0")
                time.sleep(0.15)
                learned = made.client.run("ip", "neighbour", "show", "to", vip)
                assert hardware_address(other) in learned
        assert broken(seen) == NONE_BROKEN


MANY = """\
import socket, sys, time
held = [socket.create_connection((sys.argv[1], 6443), timeout=4) for _ in range(30)]
time.sleep(9)
"""
COUNT = """\
table ip count {
    chain prerouting {
        type filter hook prerouting priority -400;
        iifname eth0 ip daddr VIP tcp dport != 6443 counter comment "other ports"
        iifname eth0 ip daddr VIP tcp flags & syn == syn counter comment "openings"
        iifname eth0 ip daddr VIP udp dport 0-65535 counter comment "datagrams"
        iifname eth0 ip daddr VIP tcp dport 6443 counter comment "segments"
    }
}
"""
STRANGERS = """\
import socket, sys
for port in (22, 443, 8404):
    try:
        socket.create_connection((sys.argv[1], port), timeout=2)
    except OSError:
        pass
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (sys.argv[1], 6443))
"""


def test_nothing_else_is_passed_on(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON), tmp_path) as made:
        holder, vip = made.holder(made.vips[0]), made.vips[0]
        with made.using(vip) as seen:
            made.move()
            time.sleep(1)
            holder.run("nft", "-f", "-", text=COUNT.replace("VIP", vip))
            made.client.run(sys.executable, "-c", STRANGERS, vip)
            time.sleep(1)
            counted = holder.run("nft", "list", "table", "ip", "count")
        assert broken(seen) == NONE_BROKEN
        for what in ("other ports", "openings", "datagrams"):
            assert f'packets 0 bytes 0 comment "{what}"' in counted, counted
        assert 'packets 0 bytes 0 comment "segments"' not in counted


LATE_STREAM = """\
import socket, sys
with socket.create_connection((sys.argv[1], 6443), timeout=4) as connection:
    lines = connection.makefile("rb")
    connection.sendall(b"ping\\n")
    print(lines.readline().decode().strip(), flush=True)
    sys.stdin.readline()
    connection.sendall(b"stream\\n")
    for _ in range(10):
        assert len(lines.readline()) == 2001
    print("got it")
"""


def test_path_mtu_discovery_of_a_connection_that_is_served_elsewhere(build_edited: Edited, tmp_path: Path) -> None:
    """The client's link takes 1300 bytes, and the router before it tells the virtual IP so: the new holder gets that."""
    with segment(build_edited(ON), tmp_path) as made:
        far = made.add_far_client(mtu=1300)
        late = far.start(sys.executable, "-c", LATE_STREAM, made.vips[0])
        assert late.stdout is not None
        assert late.stdout.readline() == "pong\n"
        made.move()
        out, _ = late.communicate("\n", timeout=20)
        assert (out, late.returncode) == ("got it\n", 0)
