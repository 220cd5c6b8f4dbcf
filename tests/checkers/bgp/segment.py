"""Load balancers and a router on one segment: network namespaces, with real FRR and the rendered files."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from second_chance.segment import Host, connect, make_host, wait_for

from twinkeel.render.announce import ANNOUNCE_PROGRAM, ANNOUNCE_STATE, ANNOUNCE_UNIT
from twinkeel.render.files import RenderedFile
from twinkeel.render.frr import CONFIG_PATH, DAEMONS_PATH
from twinkeel.render.render import render
from twinkeel.render.second_chance import RULES_PATH
from twinkeel.render.systemd import DOWN_FILE, LIVENESS_PROGRAM, STANDBY_FILE
from twinkeel.spec.model import MONITOR_PORT
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology

HERE = Path(__file__).parent
LIVENESS_UNIT = "twinkeel-liveness.service"
# systemd is not here: nothing is killed, and HAProxy was never asked to stop.
SYSTEMCTL = "#!/bin/sh\necho ActiveState=active\necho ActiveEnterTimestampMonotonic=1\n"
INIT = "/usr/lib/frr/frrinit.sh"
NOTHING = {"announcing": False, "planned": False, "until": None, "why": ""}
PASSWORD = "kept-by-nobody"  # noqa: S105
ROUTER = """\
frr defaults traditional
hostname router
bfd
 profile lb
  detect-multiplier 5
  transmit-interval 300
  receive-interval 300
 exit
exit
ip prefix-list vips permit 192.0.2.0/24 ge 32
ipv6 prefix-list vips permit 2001:db8::/64 ge 128
route-map in4 permit 10
 match ip address prefix-list vips
exit
route-map in6 permit 10
 match ipv6 address prefix-list vips
exit
route-map out deny 10
exit
router bgp 64500
 bgp router-id 192.168.1.1
 no bgp default ipv4-unicast
 neighbor lb4 peer-group
 neighbor lb4 remote-as 64512
 neighbor lb4 bfd profile lb
 neighbor lb4 password {password}
 bgp listen range 192.168.1.0/24 peer-group lb4
 neighbor lb6 peer-group
 neighbor lb6 remote-as 64512
 neighbor lb6 bfd profile lb
 neighbor lb6 password {password}
 bgp listen range fd00:1::/64 peer-group lb6
 address-family ipv4 unicast
  neighbor lb4 activate
  neighbor lb4 route-map in4 in
  neighbor lb4 route-map out out
  maximum-paths 8
 exit-address-family
 address-family ipv6 unicast
  neighbor lb6 activate
  neighbor lb6 route-map in6 in
  neighbor lb6 route-map out out
  maximum-paths 8
 exit-address-family
exit
"""


def require_programs() -> None:
    """Skip, with the reason, where a segment cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    if not Path(INIT).exists() or shutil.which("vtysh", path="/usr/bin") is None:
        pytest.skip("frr is not installed")


@dataclass
class Speaker(Host):
    """A host with FRR, which has an /etc/frr of its own."""

    def start_frr(self, config: str, daemons: str) -> None:
        """As the package's own unit starts it."""
        self.run("sh", "-c", "mount -t tmpfs tmpfs /etc/frr && mkdir -p /run/frr && chown frr:frr /etc/frr /run/frr")
        self.write("/etc/frr/vtysh.conf", "service integrated-vtysh-config\n")
        self.write(CONFIG_PATH, config)
        self.write(DAEMONS_PATH, daemons)
        self.run("sh", "-c", f"{INIT} start < /dev/null > /run/frr-start.log 2>&1")

    def end(self) -> None:
        # The package's own stop takes a quarter of a minute. watchfrr first: it would start the others again.
        self.succeeds("sh", "-c", "kill -KILL $(cat /run/frr/watchfrr.pid); kill -KILL $(cat /run/frr/*.pid)")
        super().end()

    def succeeds(self, *command: str) -> bool:
        try:
            self.run(*command)
        except AssertionError:
            return False
        return True

    def next_hops(self, vip: str) -> int:
        """How many load balancers the kernel's route leads to; 0 without a route."""
        family = "-6" if ":" in vip else "-4"
        routes = json.loads(self.run("ip", family, "-j", "route", "show", vip) or "[]")
        return sum(len(route.get("nexthops", [route])) for route in routes)

    def paths(self, vip: str) -> list[dict[str, object]]:
        """Every path of the route, as bgpd tells it."""
        kind = "ipv6" if ":" in vip else "ipv4"
        found: dict[str, list[dict[str, object]]] = json.loads(self.run("vtysh", "-c", f"show bgp {kind} unicast {vip} json"))
        return found.get("paths", [])


@dataclass
class Announcer(Speaker):
    """A load balancer: FRR, a stand-in for HAProxy, and the program under test."""

    vips: tuple[str, ...] = ()
    argv_of_program: list[str] = field(default_factory=list)
    argv_of_watchdog: list[str] = field(default_factory=list)

    def set_up(self, files: tuple[RenderedFile, ...]) -> None:
        given = {file.path: file.content for file in files}
        self.argv_of_program = self._argv(given, ANNOUNCE_PROGRAM, ANNOUNCE_UNIT)
        self.argv_of_watchdog = self._argv(given, LIVENESS_PROGRAM, LIVENESS_UNIT)
        self.ready(True)
        self.write(DOWN_FILE, "0\n")
        self.write(STANDBY_FILE, "0\n")
        if RULES_PATH in given:
            self.run("nft", "-f", "-", text=given[RULES_PATH])
        self.haproxy = self.start(sys.executable, str(HERE / "serve.py"), str(MONITOR_PORT), "6443", str(self.files / "ready"))
        self.start_frr(given[CONFIG_PATH], given[DAEMONS_PATH])

    def _argv(self, given: dict[str, str], program: str, unit: str) -> list[str]:
        """What the rendered unit starts, from a file here."""
        path = self.files / Path(program).name
        path.write_text(given[program])
        lines = given[f"/etc/systemd/system/{unit}"].splitlines()
        line = next(line for line in lines if line.startswith("ExecStart="))
        return [sys.executable, str(path), *shlex.split(line)[1:]]

    def watch(self, hang_yield: float):  # type: ignore[no-untyped-def]
        """Start the liveness watchdog, which kills nothing, with a time that a busy machine does not hold HAProxy up for."""
        systemctl = self.files / "systemctl"
        systemctl.write_text(SYSTEMCTL)
        systemctl.chmod(0o755)
        path = f"PATH={self.files}:/usr/sbin:/usr/bin:/sbin:/bin"
        return self.start("env", path, *self.argv_of_watchdog, "--hang-yield", str(hang_yield), "--deadline", "60")

    def announce(self):  # type: ignore[no-untyped-def]
        """Start the program."""
        return self.start(*self.argv_of_program)

    def ready(self, yes: bool) -> None:
        (self.files / "ready").write_text("1" if yes else "0")

    def say(self, path: str, value: int) -> None:
        self.write(path, f"{value}\n")

    def told(self) -> dict[str, object]:
        said: dict[str, object] = json.loads(self.run("sh", "-c", f"cat {ANNOUNCE_STATE} || echo '{json.dumps(NOTHING)}'"))
        return said

    def has_all(self) -> bool:
        shown = self.run("ip", "-oneline", "address", "show", "dev", "lo")
        return all(f" {vip}/" in shown for vip in self.vips)


@dataclass
class Segment:
    router: Speaker
    balancers: list[Announcer]
    vips: tuple[str, ...]
    watcher: Host
    """One more host of the segment, on which nothing runs."""

    def wait_for_next_hops(self, count: int) -> None:
        """Until the router's routes of every virtual IP lead to so many load balancers."""
        wait_for(
            lambda: all(self.router.next_hops(vip) == count for vip in self.vips), f"never came: {count} next hops", deadline=30
        )


@contextmanager
def bgp_segment(topology: Topology, folder: Path) -> Iterator[Segment]:
    """Two load balancers that do not announce yet, and a router with a session to each."""
    switch = make_host("switch", folder)
    hosts = [switch]
    try:
        switch.run("ip", "link", "add", "br0", "type", "bridge")
        switch.run("ip", "link", "set", "br0", "up")
        router = make_host("router", folder, Speaker)
        assert isinstance(router, Speaker)
        hosts.append(router)
        connect(switch, router, ["192.168.1.1/24", "fd00:1::1/64"])
        router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
        watcher = make_host("watcher", folder)
        hosts.append(watcher)
        connect(switch, watcher, ["192.168.1.201/24"])
        rendered = render(topology, secrets=Secrets(bgp_password=PASSWORD)).hosts
        daemons = next(file.content for file in rendered["lb-1"] if file.path == DAEMONS_PATH)
        router.start_frr(ROUTER.format(password=PASSWORD), daemons)
        vips, balancers = tuple(str(vip.ip) for vip in topology.endpoint.vips), []
        for balancer in topology.load_balancers:
            machine = balancer.machine
            made = make_host(machine.name, folder, Announcer)
            assert isinstance(made, Announcer)
            made.vips = vips
            hosts.append(made)
            balancers.append(made)
            connect(switch, made, [f"{machine.address}/24", f"{machine.address6}/64"])
            made.run("ip", "route", "add", "default", "via", "192.168.1.1")
            made.run("ip", "-6", "route", "add", "default", "via", "fd00:1::1")
            made.set_up(rendered[machine.name])
        yield Segment(router, balancers, vips, watcher)
    finally:
        for host in reversed(hosts):
            host.end()
