"""Planned moves behind firewalld and ufw themselves: nothing breaks, also when they are reloaded meanwhile."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.render.firewall import FIREWALLD_PATH, UFW_PATH
from twinkeel.render.render import render
from twinkeel.render.systemd import STANDBY_FILE
from twinkeel.topology.model import Topology

from .segment import Segment, require_programs, segment, wait_for
from .test_moves import DUAL, NONE_BROKEN, ON, broken, lingering_ends, move_again_and_again, no_plain_move, show
from .walls import Wall, start_firewalld, start_ufw

Edited = Callable[..., Topology]
CLUSTER = "endpoint:"
PATHS = {"firewalld": FIREWALLD_PATH, "firewalld-iptables": FIREWALLD_PATH, "ufw": UFW_PATH}
RELOAD = {"firewalld": ("firewall-cmd", "--reload"), "firewalld-iptables": ("firewall-cmd", "--reload"), "ufw": ("ufw", "reload")}


@pytest.fixture(autouse=True)
def _needs() -> None:
    require_programs()


def walled(name: str, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (ON, *more, (CLUSTER, f"system: {{firewall: {name.partition('-')[0]}}}\n{CLUSTER}"))


def build_walls(made: Segment, root: Path, name: str) -> list[Wall]:
    rendered = render(made.topology).hosts
    walls = []
    for host, balancer in made.balancers.items():
        rules = next(file.content for file in rendered[host] if file.path == PATHS[name])
        if name == "ufw":
            walls.append(start_ufw(balancer, root, rules))
        else:
            walls.append(start_firewalld(balancer, root, rules, "iptables" if "iptables" in name else "nftables"))
    return walls


CONNECT = """\
import errno, socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1)
except OSError as error:
    print(errno.errorcode.get(error.errno, "none"))
"""


def stands_in_the_way(made: Segment) -> None:
    """Nobody listens at either port: what is let in is refused by TCP, what is not is dropped or answered by ICMP."""
    for balancer in made.topology.load_balancers:
        asked = [sys.executable, "-c", CONNECT, str(balancer.machine.address)]
        # firewalld says that it runs before all of its rules are there.
        wait_for(lambda asked=asked: "REFUSED" not in made.client.run(*asked, "23"), "the firewall is not in force", 60)  # type: ignore[misc]
        assert "REFUSED" in made.client.run(*asked, "22")


@pytest.mark.parametrize("vip", [0, 1], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("name", PATHS)
def test_nothing_breaks_behind_the_real_firewall(build_edited: Edited, root: Path, tmp_path: Path, name: str, vip: int) -> None:
    with segment(build_edited(*walled(name, *DUAL)), tmp_path) as made:
        before = {each: balancer.traces() for each, balancer in made.balancers.items()}
        build_walls(made, root, name)
        stands_in_the_way(made)
        seen = move_again_and_again(made, 4, made.vips[vip])
        show(seen)
        assert no_plain_move(made)
        assert broken(seen) == NONE_BROKEN
        lingering_ends(made)
        assert {each: balancer.traces() for each, balancer in made.balancers.items()} == before


@pytest.mark.parametrize("name", PATHS)
def test_a_reload_in_the_middle_of_a_move_and_before_it(build_edited: Edited, root: Path, tmp_path: Path, name: str) -> None:
    """With advertisements so rare that nobody takes the virtual IP over: both programs let nothing new pass while they reload."""
    slow = ("profile: fast", "profile: fast, second_chance: true, advert_interval: 2")
    with segment(build_edited(slow, *walled(name)[1:]), tmp_path) as made:
        walls = build_walls(made, root, name)
        for wall in walls:
            wall.run(*RELOAD[name])
        with made.using(made.vips[0]) as seen:
            for _ in range(2):
                made.move()
                time.sleep(0.3)
                for wall in walls:
                    wall.run(*RELOAD[name])
        show(seen)
        assert no_plain_move(made)
        assert broken(seen) == NONE_BROKEN


@pytest.mark.parametrize("name", PATHS)
def test_who_stands_aside_may_reload_its_firewall(build_edited: Edited, root: Path, tmp_path: Path, name: str) -> None:
    """As docs/second-chance.md tells people to, and as `apply` does it."""
    with segment(build_edited(*walled(name)), tmp_path) as made:
        walls = build_walls(made, root, name)
        with made.using(made.vips[0]) as seen:
            for wall in sorted(walls, key=lambda each: each.balancer.has(made.vips[0])):
                if wall.balancer.has(made.vips[0]):
                    made.move()
                wall.balancer.write(STANDBY_FILE, "1\n")
                wall.run(*RELOAD[name])
                wall.balancer.write(STANDBY_FILE, "0\n")
                time.sleep(2)  # Until it has heard the holder again.
        show(seen)
        assert broken(seen) == NONE_BROKEN


@pytest.mark.parametrize("allowed", [False, True], ids=["nothing", "the port"])
def test_what_a_successor_lets_out(build_edited: Edited, root: Path, tmp_path: Path, allowed: bool) -> None:
    """`ufw default deny outgoing`: a copy is nothing that this host's own connections need. It goes to the served port."""
    with segment(build_edited(*walled("ufw")), tmp_path) as made:
        for wall in build_walls(made, root, "ufw"):
            wall.run("ufw", "default", "deny", "outgoing")
            # VRRP, or nobody would be heard; and what HAProxy needs.
            wall.run("ufw", "prepend", "allow", "out", "to", "any", "proto", "vrrp")
            wall.run("ufw", "allow", "out", "7000/tcp")
            if allowed:
                wall.run("ufw", "allow", "out", "6443/tcp")
                wall.run("ufw", "allow", "out", "51112/udp")
        # While ufw was turned on the virtual IP may have moved.
        wait_for(lambda: [each.has(made.vips[0]) for each in made.balancers.values()].count(True) == 1, "nobody has it alone")
        holder = made.holder(made.vips[0])
        before = holder.traces()
        with made.using(made.vips[0]) as seen:
            made.move()
            assert holder.moved_plainly == (not allowed)
            if not allowed:
                holder.wait_until_silent(2)
                assert holder.traces() == before
        assert seen["kept"]["failed"] == (0 if allowed else 10)
        assert seen["kept"]["stall"] < 1500, "they are reset at once, as ever"
