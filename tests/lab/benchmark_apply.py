"""Makes the tables of a change on live load balancers: failed requests beside a plain role, and how long everything takes.

    scripts/benchmark-apply [TRIALS]

Each row is a lab of its own kind; every command's output goes to a log. It prints Markdown.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent))

from labs import Lab, make_lab
from prober import VIP, Prober

PLAIN_ROLE = Path(__file__).parent / "plain_role" / "site.yml"
BALANCERS = {f"lb-{number}": f"192.168.1.{110 + number}" for number in range(1, 9)}
MASTERS = {"master-1": "192.168.1.101", "master-2": "192.168.1.102", "master-3": "192.168.1.103"}
COMMON = "domain: lab-home.com\nendpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}\nkubernetes: {network_plugin: calico}\n"
NEW_VRID = ("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/24, vrid: 99}")
TIMERS = "failover: {check_interval: 1.5, advert_interval: 0.2}\n"

# How a plain keepalived.conf looks in the roles that people use: one second, a script that asks for the process.
PLAIN_KEEPALIVED = """\
vrrp_instance VI_1 {{
    state {state}
    interface eth0
    virtual_router_id {vrid}
    priority {priority}
    advert_int {advert}
    virtual_ipaddress {{
        {vip}/24
    }}
}}
"""


class Bench:
    """A lab, the specs that it is brought to, and the time that each command took."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder

    def spec(
        self, balancers: int, masters: Sequence[str] = tuple(MASTERS), more: str = "", edit: tuple[str, str] = ("", "")
    ) -> str:
        """A spec beside the lab's own SSH files."""
        own = self.lab.paths.spec_file.read_text()
        tail = own[own.index("ssh:") :]
        path = self.folder / "twinkeel.yaml"
        path.write_text(spec_text(balancers, masters, more).replace(*edit) + tail)
        return str(path)

    def timed(self, *argv: str, codes: Sequence[int] = (0,)) -> float:
        """Seconds of a command on the operator's machine; it must end with one of the codes."""
        began = time.monotonic()
        ended = self.lab.run("operator", list(argv))
        seconds = time.monotonic() - began
        with (self.folder / "log").open("a") as log:
            log.write(f"$ {' '.join(argv)}\n{ended.stdout}{ended.stderr}")
        if ended.returncode not in codes:
            sys.exit(f"{' '.join(argv)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        return seconds

    def twinkeel(self, command: str, spec: str) -> float:
        """Seconds of `twinkeel COMMAND`; a plan with drift ends with 1."""
        return self.timed("twinkeel", command, "-f", spec, codes=(0, 1) if command == "plan" else (0,))

    def plain(
        self, balancers: int, masters: Sequence[str] = tuple(MASTERS), check: str = "1s", advert: str = "1", vrid: int = 51
    ) -> float:
        """Seconds of the plain role with these settings."""
        hosts = {
            name: self._plain_host(number, masters, check, advert, vrid) for number, name in enumerate(list(BALANCERS)[:balancers])
        }
        project = self.folder / "plain"
        project.mkdir(exist_ok=True)
        (project / "inventory.json").write_text(json.dumps({"load_balancers": {"hosts": hosts}}))
        playbook = str(Path(sys.executable).with_name("ansible-playbook"))
        return self.timed("env", f"ANSIBLE_HOME={project}", playbook, "-i", str(project / "inventory.json"), str(PLAIN_ROLE))

    def _plain_host(self, number: int, masters: Sequence[str], check: str, advert: str, vrid: int) -> dict[str, object]:
        servers = "".join(f"    server {name} {MASTERS[name]}:6443 check inter {check}\n" for name in masters)
        haproxy = (
            "global\n    daemon\n    maxconn 4000\ndefaults\n    mode tcp\n    timeout connect 5s\n    timeout client 1m\n"
            f"    timeout server 1m\nlisten kubernetes\n    bind *:6443\n    balance roundrobin\n{servers}"
        )
        state, priority = ("MASTER", 101) if number == 0 else ("BACKUP", 101 - number)
        ssh = self.lab.paths.root / "ssh"
        return {
            "ansible_host": list(BALANCERS.values())[number],
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(ssh / "id_ed25519"),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={ssh / 'known_hosts'}",
            "haproxy_cfg": haproxy,
            "keepalived_conf": PLAIN_KEEPALIVED.format(state=state, priority=priority, advert=advert, vrid=vrid, vip=VIP),
        }

    def standby(self) -> str:
        """The first load balancer without the virtual IP."""
        return next(name for name in ("lb-2", "lb-1") if f" {VIP}/" not in self.lab.run(name, ["ip", "-4", "address"]).stdout)

    def reinstalling(self, work: Callable[[], float]) -> float:
        """Take the packages away from the standby, then do the work."""
        self.lab.run(self.standby(), ["apt-get", "remove", "-y", "-qq", "haproxy", "keepalived"])
        return work()


def spec_text(balancers: int, masters: Sequence[str], more: str = "") -> str:
    """A spec with so many load balancers."""
    chosen = ", ".join(f"{name}: {BALANCERS[name]}" for name in list(BALANCERS)[:balancers])
    behind = ", ".join(f"{name}: {MASTERS[name]}" for name in masters)
    return f"name: bench\n{COMMON}load_balancers: {{{chosen}}}\ncontrol_plane: {{{behind}}}\n{more}"


@contextmanager
def bench(name: str, balancers: int, *options: str, masters: Sequence[str] = tuple(MASTERS)) -> Iterator[Bench]:
    """A lab with bare load balancers, taken down afterwards."""
    with TemporaryDirectory(prefix="twinkeel-benchmark-") as folder:
        path = Path(folder) / "lab.yaml"
        path.write_text(spec_text(balancers, masters))
        labs = make_lab(name, path, *options)
        try:
            yield Bench(next(labs), Path(folder))
        finally:
            for _ in labs:
                pass


def row(*cells: object) -> None:
    sys.stdout.write("| " + " | ".join(str(cell) for cell in cells) + " |\n")
    sys.stdout.flush()


def head(*cells: str) -> None:
    sys.stdout.write("\n")
    row(*cells)
    row(*("---" for _ in cells))


def changes_by_twinkeel(here: Bench) -> dict[str, Callable[[], float]]:
    """Each change of the table, from the pair as it was before."""
    two = list(MASTERS)[:1]
    return {
        "new timers": lambda: here.twinkeel("apply", here.spec(2, more=TIMERS)),
        "removed masters (3 to 1)": lambda: here.twinkeel("apply", here.spec(2, two)),
        "added masters (1 to 3)": lambda: here.twinkeel("apply", here.spec(2)),
        "packages reinstalled on the standby": lambda: here.reinstalling(lambda: here.twinkeel("apply", here.spec(2))),
        "rollback of new timers": lambda: here.twinkeel("rollback", here.spec(2)),
        "added load balancer": lambda: here.twinkeel("apply", here.spec(3)),
        "new virtual router id": lambda: here.twinkeel("apply", here.spec(3, edit=NEW_VRID)),
    }


def changes_by_the_plain_role(here: Bench) -> dict[str, Callable[[], float]]:
    """The same changes."""
    return {
        "new timers": lambda: here.plain(2, check="1500", advert="2"),
        "removed masters (3 to 1)": lambda: here.plain(2, list(MASTERS)[:1]),
        "added masters (1 to 3)": lambda: here.plain(2),
        "packages reinstalled on the standby": lambda: here.reinstalling(lambda: here.plain(2)),
        "added load balancer": lambda: here.plain(3),
        "new virtual router id": lambda: here.plain(3, vrid=52),
    }


def never_drops(trials: int) -> None:
    """Failed requests of a client that asks every 10 ms, and the longest outage, during each change."""
    tools = {"twinkeel": changes_by_twinkeel, "plain role": changes_by_the_plain_role}
    head("change", "tool", "trials", "failed requests", "outages", "longest outage", "seconds")
    for tool, changes in tools.items():
        with bench("bench-drops", 3) as here:
            if tool == "twinkeel":
                here.twinkeel("apply", here.spec(2))
            else:
                here.plain(2)
            time.sleep(5)  # The plain role knows no health: its keepalived needs 3.6 s.
            for change, work in changes(here).items():
                measure(here, change, tool, work, trials if change == "new timers" else 1)


def measure(here: Bench, change: str, tool: str, work: Callable[[], float], trials: int) -> None:
    """One row. Between trials the pair goes back to what it was."""
    failed, outages, seconds = 0, list[float](), list[float]()
    for trial in range(trials):
        if trial:
            here.twinkeel("apply", here.spec(2)) if tool == "twinkeel" else here.plain(2)
            time.sleep(5)
        with Prober(here.lab, here.folder / f"{tool}-{change}-{trial}".replace(" ", "-"), period_ms=10, direct=False) as prober:
            seconds.append(work())
            time.sleep(2)  # What fails after the command is the command's work, too.
        failed += len(prober.failed)
        outages += prober.outages
    if change == "rollback of new timers":
        change = "rollback"
    row(change, tool, trials, failed, len(outages), f"{max(outages, default=0):.0f} ms", f"{statistics.median(seconds):.1f}")


def speed() -> None:
    """Bare hosts, nothing to change, and new timers, without Kubernetes."""
    head("load balancers", "tool", "first run", "nothing to change", "plan", "new timers")
    one = list(MASTERS)[:1]
    for count in (2, 4, 8):
        with bench("bench-speed", count, "--no-kubernetes", masters=one) as here:
            spec = here.spec(count, one)
            first, nothing, plan = (here.twinkeel(command, spec) for command in ("apply", "apply", "plan"))
            timers = here.twinkeel("apply", here.spec(count, one, TIMERS))
            row(count, "twinkeel", *(f"{seconds:.1f} s" for seconds in (first, nothing, plan, timers)))
        with bench("bench-speed", count, "--no-kubernetes", masters=one) as here:
            first, nothing, timers = here.plain(count, one), here.plain(count, one), here.plain(count, one, "1500", "2")
            row(count, "plain role", f"{first:.1f} s", f"{nothing:.1f} s", "-", f"{timers:.1f} s")


def main() -> None:
    """Both tables."""
    never_drops(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
    speed()


if __name__ == "__main__":
    main()
