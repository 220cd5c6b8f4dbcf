"""Planned moves that keep every connection: real HAProxy, Keepalived and nftables in network namespaces."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.topology.model import Topology

from .segment import Balancer, Segment, require_programs, segment

KINDS = ("new", "kept", "slow", "upload", "stream")
ON = ("profile: fast", "profile: fast, second_chance: true")
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
        assert broken(move_again_and_again(made, 12)) == NONE_BROKEN
        assert no_plain_move(made)
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
        assert broken(move_again_and_again(made, 6, made.vips[vip])) == NONE_BROKEN
        assert no_plain_move(made)
        lingering_ends(made)
        assert "1000" not in "".join(each.traces() for each in made.balancers.values())


def test_several_virtual_ips_that_move_apart(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON, TWO_OF_A_KIND), tmp_path) as made, made.using(made.vips[1]) as seen:
        assert broken(move_again_and_again(made, 6)) == NONE_BROKEN
    assert broken(seen) == NONE_BROKEN


def test_three_load_balancers_in_a_ring(build_edited: Edited, tmp_path: Path) -> None:
    with segment(build_edited(ON, THREE), tmp_path) as made:
        names = list(made.balancers)
        at = names.index(made.holder(made.vips[0]).name)
        with made.using(made.vips[0]) as seen:
            for step in (1, 2, 3, 2, 1, 3, 2, 3):
                made.move(names[(at + step) % 3])
                time.sleep(0.7)
        assert broken(seen) == NONE_BROKEN
        assert no_plain_move(made)


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
