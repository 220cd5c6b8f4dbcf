"""A pair of load balancers and a client on one segment, in network namespaces, with real HAProxy and Keepalived.

The namespaces are made once; each test starts and ends its own daemons in them. The hosts have 10.9.0.1, .2 (the pair) and .3 (the
client); the virtual IP is 10.9.0.100. Every host has a /run of its own, where its files are.
"""

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from second_chance.segment import Host, wait_for

VIP = "10.9.0.100"
MASTER, BACKUP = "10.9.0.1", "10.9.0.2"
LIVE = "http://127.0.0.1:8404/live"
CHECK = f"/usr/bin/curl -fs -m 1 -o /dev/null {LIVE}"
SETTLE = 1.8
"""Seconds in which a fault would have moved the address, with the timers below, were it found."""

HAPROXY = """\
defaults
    mode http
    timeout client 5s
    timeout connect 1s
    timeout server 5s
frontend live
    bind :8404
    monitor-uri /live
"""
GLOBALS = """\
global_defs {
    vrrp_version 3
    script_user root
    enable_script_security
}
"""


@dataclass
class Balancer(Host):
    """A load balancer; its daemons are ended by their processes' ids."""

    address: str = ""

    def start_haproxy(self, config: str = HAPROXY) -> subprocess.Popen[str]:
        self.write("/run/haproxy.cfg", config)
        started = self.start("haproxy", "-db", "-f", "/run/haproxy.cfg")
        port = re.search(r"bind \S*:(\d+)", config)
        assert port, "a HAProxy without a listener"
        wait_for(lambda: self.listens(int(port[1])), f"HAProxy does not listen on {self.name}")
        return started

    def start_keepalived(self, config: str) -> subprocess.Popen[str]:
        self.write("/run/keepalived.conf", config)
        ids = ("-p", "/run/ka.pid", "-r", "/run/vrrp.pid", "-c", "/run/checkers.pid")
        return self.start("keepalived", "-n", "-l", "-D", "-P", "-f", "/run/keepalived.conf", *ids)

    def waits_as_backup(self) -> bool:
        log = self.files / "keepalived.log"
        return log.exists() and "Entering BACKUP STATE" in log.read_text()

    def succeeds(self, *command: str) -> bool:
        """Whether a command ends with 0."""
        return subprocess.run(self.argv(*command), capture_output=True, timeout=30, check=False).returncode == 0

    def listens(self, port: int) -> bool:
        return f":{port} " in self.run("ss", "-Hltn")

    def end_daemons(self) -> None:
        """End what was started, at once, and set the addresses as they were.

        Keepalived would take a second to say goodbye. Its own child has written its id; a hung one takes no other signal.
        """
        for child in self.children:
            child.kill()
            child.wait()
        self.children.clear()
        (self.files / "keepalived.log").unlink(missing_ok=True)
        self.run(
            "sh", "-c", "kill -9 $(cat /run/vrrp.pid) 2> /dev/null; nft flush ruleset; rm -rf /run/*; ip address flush dev eth0"
        )
        self.run("ip", "address", "add", f"{self.address}/24", "dev", "eth0")


@dataclass
class Segment:
    """The hosts. `one` has the higher priority wherever a test says nothing else."""

    one: Balancer
    other: Balancer
    client: Balancer

    def holders(self, vip: str = VIP) -> list[str]:
        return [host.name for host in (self.one, self.other) if host.has(vip)]

    def wait_for_holder(self, name: str, vip: str = VIP) -> None:
        wait_for(lambda: self.holders(vip) == [name], f"{vip} is not on {name} alone")

    def stays(self, *names: str, vip: str = VIP) -> bool:
        """Whether these and no others have the address now, and still have it when a fault would have moved it."""
        wait_for(lambda: self.holders(vip) == list(names), f"{vip} is not on {names}")
        time.sleep(SETTLE)
        return self.holders(vip) == list(names)

    @contextmanager
    def running(
        self, one: str, other: str = "", haproxy: Sequence[str] = (HAPROXY, HAPROXY)
    ) -> Iterator[Mapping[str, subprocess.Popen[str]]]:
        """Both hosts' HAProxy, and Keepalived with these files (none where there is none); gives each host's HAProxy."""
        try:
            both = (self.one, self.other)
            started = {host.name: host.start_haproxy(config) for host, config in zip(both, haproxy, strict=True)}
            for host, config in zip(both, (one, other), strict=True):
                if config:
                    host.start_keepalived(config)
            yield started
        finally:
            for host in (self.one, self.other, self.client):
                host.end_daemons()


@contextmanager
def segment(folder: Path) -> Iterator[Segment]:
    hosts = [_host("switch", folder, "")]
    try:
        (switch,) = hosts
        switch.run("sh", "-c", "ip link add br0 type bridge && ip link set br0 up")
        for name, address in (("lb-1", MASTER), ("lb-2", BACKUP), ("client", "10.9.0.3")):
            host = _host(name, folder, address)
            hosts.append(host)
            peer = ("peer", "name", "eth0", "netns", str(host.process.pid))
            switch.run("ip", "link", "add", f"to-{name}", "type", "veth", *peer)
            switch.run("ip", "link", "set", f"to-{name}", "master", "br0", "up")
            host.run("sh", "-c", f"ip link set eth0 up && ip address add {address}/24 dev eth0")
        yield Segment(*hosts[1:])
    finally:
        for host in reversed(hosts):
            host.end()


def instance(number: int, priority: int = 0, lines: str = "", track: str = "", **changed: str) -> str:
    """The vrrp_instance of host 1 or 2; `track` is a tracker's name; a changed line replaces the usual one of its keyword."""
    own, peer = (MASTER, BACKUP) if number == 1 else (BACKUP, MASTER)
    said = {
        "interface": "eth0",
        "virtual_router_id": "71",
        "priority": str(priority or (110 if number == 1 else 100)),
        "advert_int": "0.1",
        "unicast_src_ip": own,
        "unicast_peer": f"{{\n        {peer}\n    }}",
        "virtual_ipaddress": f"{{\n        {VIP}/24\n    }}",
        **changed,
    }
    text = "".join(f"    {keyword} {value}\n" for keyword, value in said.items() if value)
    tracked = f"    track_script {{\n        {track}\n    }}\n" if track else ""
    return f"vrrp_instance api {{\n{text}{lines}{tracked}}}\n"


def script(command: str = CHECK, lines: str = "", name: str = "haproxy", interval: str = "1") -> str:
    """A vrrp_script that is run every second, as often as Keepalived 2.2 does."""
    return f'vrrp_script {name} {{\n    script "{command}"\n    interval {interval}\n{lines}}}\n'


Case = TypeVar("Case")
Seen = TypeVar("Seen")


def at_once(pairs: Sequence[Segment], body: Callable[[Segment, Case, bool], Seen], faulty: Case, mended: Case) -> list[Seen]:
    """The fault and the fix beside each other, each in a segment of its own: most of their time is waiting."""
    with ThreadPoolExecutor(2) as pool:
        made = [pool.submit(body, pair, case, case is faulty) for pair, case in zip(pairs, (faulty, mended), strict=True)]
    return [each.result() for each in made]


def elapsed(what: Callable[[], object], deadline: float = 15.0) -> float:
    """Seconds until it is so."""
    begin = time.monotonic()
    wait_for(what, "it never was so", deadline)
    return time.monotonic() - begin


def _host(name: str, folder: Path, address: str) -> Balancer:
    files = folder / name
    files.mkdir()
    prepare = "mount --make-rprivate / && mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys && ip link set lo up"
    process = subprocess.Popen(
        ["unshare", "--net", "--mount", "sh", "-c", f"{prepare} && echo && exec sleep infinity"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    return Balancer(name, process, files, address=address)
