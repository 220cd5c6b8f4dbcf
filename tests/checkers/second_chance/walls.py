"""firewalld and ufw of Debian 13 in force on a load balancer of the segment: the real programs, in a root folder of their own.

Each load balancer has a copy (an overlay) of the root with the checkers' programs, and the kernel's tables of its own namespace.
What a user has allowed is ssh, the API's port and VRRP from the other load balancer: the latter two by our rendered file.
"""

import subprocess
from pathlib import Path

from twinkeel.render.firewall import FIREWALLD_PATH, UFW_PATH

from .segment import Balancer, wait_for

BUS = """\
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/> <allow own="*"/> <allow send_type="*"/> <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""
BUS_CONFIG = "/etc/dbus-1/test.conf"


class Wall:
    """The root folder of one load balancer, in its own mount namespace."""

    def __init__(self, balancer: Balancer, root: Path) -> None:
        self.balancer = balancer
        self.folder = balancer.files / "root"
        upper, work = balancer.files / "upper", balancer.files / "work"
        for each in (self.folder, upper, work):
            each.mkdir()
        where = str(self.folder)
        options = f"lowerdir={root},upperdir={upper},workdir={work}"
        balancer.run("mount", "-t", "overlay", "overlay", "-o", options, where)
        for name in ("proc", "sys", "dev"):
            balancer.run("mount", "--rbind", f"/{name}", f"{where}/{name}")
        balancer.run("mount", "-t", "tmpfs", "tmpfs", f"{where}/run")

    def argv(self, *command: str) -> list[str]:
        return ["chroot", str(self.folder), *command]

    def run(self, *command: str) -> str:
        return self.balancer.run(*self.argv(*command))

    def write(self, path: str, content: str, mode: int = 0o644) -> None:
        self.balancer.write(f"{self.folder}{path}", content)
        self.balancer.run("chmod", f"{mode:o}", f"{self.folder}{path}")


def start_firewalld(balancer: Balancer, root: Path, rules: str, backend: str) -> Wall:
    """In force, with its default zone (it allows ssh) and `rules`, our policy. `backend` is nftables or iptables."""
    wall = Wall(balancer, root)
    wall.write(FIREWALLD_PATH, rules)
    wall.write(BUS_CONFIG, BUS)
    wall.run("sed", "-i", f"s/^FirewallBackend=.*/FirewallBackend={backend}/", "/etc/firewalld/firewalld.conf")
    wall.run("mkdir", "-p", "/run/dbus")
    balancer.start(*wall.argv("dbus-daemon", f"--config-file={BUS_CONFIG}", "--nofork", "--nopidfile"))
    wait_for(lambda: wall.folder.exists() and _answers(wall, "test", "-S", "/run/dbus/system_bus_socket"), "no bus")
    balancer.start(*wall.argv("firewalld", "--nofork", "--nopid"))
    wait_for(lambda: _answers(wall, "firewall-cmd", "--state"), "firewalld does not run", 60)
    return wall


def start_ufw(balancer: Balancer, root: Path, rules: str) -> Wall:
    """In force, with ssh allowed beside `rules`, our script."""
    wall = Wall(balancer, root)
    wall.write(UFW_PATH, rules, mode=0o755)
    wall.run("ufw", "allow", "22/tcp")
    wall.run(UFW_PATH)
    wall.run("ufw", "--force", "enable")
    return wall


def _answers(wall: Wall, *command: str) -> bool:
    return subprocess.run(wall.balancer.argv(*wall.argv(*command)), capture_output=True, timeout=30, check=False).returncode == 0
