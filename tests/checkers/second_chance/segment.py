"""Load balancers, a server and a client on one segment: network namespaces, with real HAProxy, Keepalived and nftables.

Each host has a network and a /run of its own. A host ends with its first process, which is ended by its id; its namespace goes with
it.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from twinkeel.render.files import RenderedFile
from twinkeel.render.keepalived import CONFIG_PATH as KEEPALIVED_PATH
from twinkeel.render.render import render
from twinkeel.render.second_chance import CONFIG_PATH, LINGER_UNIT, RULES_PATH
from twinkeel.render.systemd import DOWN_FILE, HANG_FILE, LINGER_PROGRAM, LIVENESS_PROGRAM, STANDBY_FILE
from twinkeel.topology.model import Topology

HERE = Path(__file__).parent
STATE = "/run/twinkeel/lingering.json"
PROGRAMS = ("haproxy", "keepalived", "nft", "ip", "nsenter", "unshare")
DEADLINE = 10.0
HAPROXY = """\
global
    maxconn 4000
defaults
    mode tcp
    timeout connect 1s
    timeout client 1h
    timeout server 1h
    option redispatch
frontend api
{binds}
    default_backend api
backend api
    server server {server}:7000
frontend local
    bind 127.0.0.1:8490
    mode http
    monitor-uri /live
    http-request return status 200
"""
# Neither 8404 nor 8405: tests of alerts have a HAProxy of their own there.
# systemd is not here. What the watchdog asks of it is written down; HAProxy was never asked to stop.
SYSTEMCTL = """\
#!/bin/sh
echo "$*" >> "$0.calls"
echo ActiveState=active
echo ActiveEnterTimestampMonotonic=1
"""


def require_programs() -> None:
    """Skip, with the reason, where a segment cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    missing = [name for name in PROGRAMS if shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def wait_for(what: Callable[[], object], said: str, deadline: float = DEADLINE) -> None:
    end = time.monotonic() + deadline
    while not what():
        assert time.monotonic() < end, said
        time.sleep(0.01)


@dataclass
class Host:
    """One namespace. `process` holds it; `files` is a folder of its own on this machine."""

    name: str
    process: subprocess.Popen[bytes]
    files: Path
    children: list[subprocess.Popen[str]] = field(default_factory=list)

    def argv(self, *command: str) -> list[str]:
        return ["nsenter", f"--target={self.process.pid}", "--net", "--mount", *command]

    def run(self, *command: str, text: str | None = None) -> str:
        ended = subprocess.run(self.argv(*command), input=text, capture_output=True, text=True, timeout=30, check=False)
        assert ended.returncode == 0, (self.name, command, ended.stderr)
        return ended.stdout

    def start(self, *command: str) -> subprocess.Popen[str]:
        log = (self.files / f"{Path(command[0]).name}.log").open("a")
        child = subprocess.Popen(self.argv(*command), stdout=subprocess.PIPE, stdin=subprocess.PIPE, stderr=log, text=True)
        self.children.append(child)
        return child

    def write(self, path: str, content: str) -> None:
        self.run("sh", "-c", 'mkdir -p "${1%/*}" && cat > "$1"', "sh", path, text=content)

    def has(self, address: str) -> bool:
        shown: list[dict[str, object]] = json.loads(self.run("ip", "-j", "address", "show", "dev", "eth0", "to", address))
        return any(each.get("addr_info") for each in shown)

    def end(self) -> None:
        for child in self.children:
            child.kill()
            child.wait()
        self.process.kill()
        self.process.wait()


class Balancer(Host):
    """A load balancer. What systemd does for the lingering program is done here: one at a time, and `clean` after it."""

    keepalived: subprocess.Popen[str]
    haproxy: subprocess.Popen[str]
    lingering: subprocess.Popen[str] | None = None
    moved_plainly = 0

    def set_up(self, files: Sequence[RenderedFile], haproxy: str) -> None:
        given = {file.path: file for file in files}
        self.write(DOWN_FILE, "0\n")
        self.write(STANDBY_FILE, "0\n")
        for path in (RULES_PATH, CONFIG_PATH, LINGER_PROGRAM, KEEPALIVED_PATH, LIVENESS_PROGRAM):
            content = given[path].content if path in given else ""
            (self.files / Path(path).name).write_text(content)
        (self.files / "haproxy.cfg").write_text(haproxy)
        if given.get(RULES_PATH):
            self.load_rules()
        self.haproxy = self.start("haproxy", "-db", "-f", str(self.files / "haproxy.cfg"))

    def load_rules(self, change: Callable[[str], str] = lambda text: text) -> None:
        self.run("nft", "-f", "-", text=change((self.files / Path(RULES_PATH).name).read_text()))

    def start_keepalived(self) -> None:
        config = str(self.files / Path(KEEPALIVED_PATH).name)
        self.keepalived = self.start(
            "keepalived", "-n", "-l", "-D", "-f", config, "-p", "/run/ka.pid", "-r", "/run/vrrp.pid", "-c", "/run/checkers.pid"
        )

    def start_watchdog(self, *vips: str, hang_yield: float, deadline: float = 60.0) -> subprocess.Popen[str]:
        """haproxy-liveness, with a systemctl that kills nothing."""
        systemctl = self.files / "systemctl"
        systemctl.write_text(SYSTEMCTL)
        systemctl.chmod(0o755)
        config, keeper, program = (self.files / Path(path).name for path in (CONFIG_PATH, LINGER_PROGRAM, LIVENESS_PROGRAM))
        options = [
            "--port=8490",
            "--interval=0.25",
            f"--deadline={deadline}",
            f"--down-file={DOWN_FILE}",
            f"--hang-file={HANG_FILE}",
        ]
        options += [
            f"--hang-yield={hang_yield}",
            f"--keeper={keeper}",
            f"--second-chance={config}",
            *(f"--vip={vip}" for vip in vips),
        ]
        path = f"PATH={self.files}:/usr/sbin:/usr/bin:/sbin:/bin"
        return self.start("env", path, sys.executable, str(program), *options)

    def program(self, *words: str) -> list[str]:
        return [
            sys.executable,
            str(self.files / Path(LINGER_PROGRAM).name),
            "--config",
            str(self.files / Path(CONFIG_PATH).name),
            *words,
        ]

    def configure(self, **values: object) -> None:
        """Change what the rendered configuration of the program says."""
        path = self.files / Path(CONFIG_PATH).name
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    def enter_standby(self, *, keep: bool) -> None:
        """As `twinkeel switchover` tells it: `begin` asks systemd for the lingering program where it is needed."""
        if keep:
            self.begin()
        self.write(STANDBY_FILE, "1\n")

    def begin(self) -> None:
        """systemd is not here: what it is asked for is done."""
        asked, systemctl = self.files / "asked", self.files / "systemctl"
        asked.write_text("")
        systemctl.write_text(f'#!/bin/sh\necho "$*" >> {asked}\n')
        systemctl.chmod(0o755)
        self.run("env", f"PATH={self.files}:/usr/sbin:/usr/bin:/sbin:/bin", *self.program("begin"))
        if asked.read_text():
            assert asked.read_text() == f"restart {LINGER_UNIT}\n"
            self.linger()

    def linger(self) -> str:
        """What `systemctl restart twinkeel-linger` does; the first line that it says."""
        self.stop_lingering()
        self.lingering = self.start("nice", "-n", "-10", *self.program("linger"))
        assert self.lingering.stdout is not None
        said = ""
        for said in self.lingering.stdout:
            if said.startswith(("serving", "nothing")):
                break
        self.moved_plainly += said.startswith("nothing")
        return said

    def stop_lingering(self) -> None:
        if self.lingering is not None:
            # The nsenter that was started has become the program.
            self.lingering.terminate()
            self.lingering.wait(10)
            self.clean()
            self.lingering = None

    def clean(self) -> None:
        self.run(*self.program("clean"))

    def wait_until_silent(self, deadline: float) -> None:
        assert self.lingering is not None
        self.lingering.wait(deadline)
        self.clean()

    def traces(self) -> str:
        """All that lingering could leave, and what it must not touch."""
        routes = "".join(self.run("ip", version, "route", "show", "table", "local", "metric", "1000") for version in ("-4", "-6"))
        conf = "/proc/sys/net/ipv4/conf"
        script = f"cat {conf}/eth0/arp_ignore {conf}/eth0/arp_announce {conf}/all/forwarding; ls {STATE} 2> /dev/null || :"
        return routes + self.run("sh", "-c", script)


@dataclass
class Segment:
    """The hosts, by name; `vips` as text."""

    topology: Topology
    balancers: dict[str, Balancer]
    client: Host
    switch: Host
    vips: tuple[str, ...]
    folder: Path
    hosts: list[Host]

    def holder(self, vip: str) -> Balancer:
        held = [each for each in self.balancers.values() if each.has(vip)]
        assert len(held) == 1, [each.name for each in held]
        return held[0]

    def move(self, to: str | None = None, *, keep: bool = True) -> None:
        """A planned move, as `twinkeel switchover` makes it; without `keep` a plain one."""
        source = self.holder(self.vips[0])
        bystanders = [each for name, each in self.balancers.items() if to is not None and name != to and each is not source]
        for each in (*bystanders, source):
            each.enter_standby(keep=keep)
        others = [each for each in self.balancers.values() if each is not source]
        wait_for(lambda: all(any(each.has(vip) for each in others) for vip in self.vips), "nobody took the virtual IP")
        for each in (source, *bystanders):
            each.write(STANDBY_FILE, "0\n")

    def add_far_client(self, mtu: int) -> Host:
        """A client behind a router, on a link that takes less than the client says (its MSS is that of 1500 bytes)."""
        router, far = make_host("router", self.folder), make_host("far", self.folder)
        self.hosts += [router, far]
        connect(self.switch, router, ["192.168.1.203/24"])
        router.run(
            "ip", "link", "add", "far", "mtu", str(mtu), "type", "veth", "peer", "name", "eth0", "netns", str(far.process.pid)
        )
        router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; ip address add 10.9.0.1/24 dev far; ip link set far up")
        far.run("sh", "-c", f"ip address add 10.9.0.2/24 dev eth0; ip link set eth0 mtu {mtu} up")
        far.run("ip", "route", "add", "default", "via", "10.9.0.1", "advmss", "1460")
        for balancer in self.balancers.values():
            balancer.run("ip", "route", "add", "10.9.0.0/24", "via", "192.168.1.203")
        return far

    @contextmanager
    def using(self, vip: str) -> Iterator[dict[str, dict[str, float]]]:
        """A client at work while the body runs; what it saw is in the dictionary afterwards."""
        seen: dict[str, dict[str, float]] = {}
        client = self.client.start(sys.executable, str(HERE / "client.py"), vip, "6443")
        time.sleep(1.0)  # Let its connections open: they are what a move can break.
        yield seen
        time.sleep(0.5)
        out, _ = client.communicate(timeout=30)
        seen.update(json.loads(out))


@contextmanager
def segment(topology: Topology, folder: Path) -> Iterator[Segment]:
    """The topology's load balancers, connected, with the first virtual IP of each held by somebody."""
    switch = make_host("switch", folder)
    switch.run("ip", "link", "add", "br0", "type", "bridge")
    switch.run("ip", "link", "set", "br0", "up")
    hosts = [switch]
    try:
        server, client = make_host("server", folder), make_host("client", folder)
        hosts += [server, client]
        first = topology.endpoint.vips[0]
        nets = {vip.version: vip.network for vip in topology.endpoint.vips}
        for host, number in ((server, 201), (client, 202)):
            connect(switch, host, [f"{net.network_address + number}/{net.prefixlen}" for net in nets.values()])
        server.start(sys.executable, str(HERE / "server.py"), str(first.network.network_address + 201), "7000")
        balancers = {}
        for balancer in topology.load_balancers:
            machine = balancer.machine
            made = make_host(machine.name, folder, Balancer)
            hosts.append(made)
            assert isinstance(made, Balancer)
            balancers[machine.name] = made
            own = [f"{machine.address_of(version)}/{net.prefixlen}" for version, net in nets.items()]
            connect(switch, made, own)
        rendered = render(topology).hosts
        binds = "\n".join(f"    bind {'*' if version == 4 else '[::]'}:6443{' v6only' if version == 6 else ''}" for version in nets)
        target = first.network.network_address + 201
        haproxy = HAPROXY.format(binds=binds, server=f"[{target}]" if first.version == 6 else target)
        for name, each in balancers.items():
            each.set_up(rendered[name], haproxy)
        vips = tuple(str(vip.ip) for vip in topology.endpoint.vips)
        for each in balancers.values():
            each.start_keepalived()
        made_segment = Segment(topology, balancers, client, switch, vips, folder, hosts)
        wait_for(lambda: all(sum(each.has(vip) for each in balancers.values()) == 1 for vip in vips), "nobody took the virtual IP")
        time.sleep(1.5)  # Keepalived announces the address a second time.
        yield made_segment
    finally:
        for host in reversed(hosts):
            host.end()


def make_host(name: str, folder: Path, kind: type[Host] = Host) -> Host:
    """A namespace with a loopback alone. Its owner ends it."""
    files = folder / name
    files.mkdir()
    prepare = "mount --make-rprivate / && mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys && ip link set lo up"
    process = subprocess.Popen(
        ["unshare", "--net", "--mount", "sh", "-c", f"{prepare} && echo && exec sleep infinity"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    return kind(name, process, files)


def connect(switch: Host, host: Host, addresses: Sequence[str]) -> None:
    """Give the host eth0 with those addresses, on the switch's segment."""
    port = f"to-{host.name}"
    switch.run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", str(host.process.pid))
    switch.run("ip", "link", "set", port, "master", "br0", "up")
    host.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad")
    host.run("ip", "link", "set", "eth0", "up")
    for address in addresses:
        host.run("ip", "address", "add", address, "dev", "eth0", *(("nodad",) if ":" in address else ()))
