"""Makes the table of this build beside an older one: each change by both in turn, in one lab and one run.

    scripts/benchmark-builds CHECKOUT [TRIALS [ROW...]]

CHECKOUT is a folder with the older build's sources: git worktree add CHECKOUT COMMIT. It runs in CHECKOUT/.venv where there is one,
else in this build's environment. Seconds are of whole processes in the operator, medians; memory is the largest of a command's
own processes. `plain` is a plain role that restarts both daemons at once (see scripts/benchmark-apply), measured in a lab of its
own right after this build's `timers`. It prints Markdown.
"""

import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from benchmark_apply import MASTERS, TIMERS, Bench, bench, head, row

BARE = """
systemctl disable --now keepalived haproxy twinkeel-liveness 2> /dev/null
apt-get purge -y -qq haproxy keepalived > /dev/null 2>&1
rm -rf /etc/haproxy /etc/keepalived /var/lib/twinkeel /run/twinkeel /etc/systemd/system/*.service.d/twinkeel.conf
rm -rf /etc/systemd/system/twinkeel-liveness.service /etc/tmpfiles.d/twinkeel.conf /usr/local/lib/twinkeel
systemctl daemon-reload
rm -f /var/lib/apt/periodic/update-success-stamp
"""
# Runs a command, and says how much memory the largest of its processes took.
MEMORY = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


class Builds:
    """One lab, and both builds of Twinkeel in its operator."""

    def __init__(self, here: Bench, checkout: Path, balancers: int) -> None:
        self.here, self.balancers = here, balancers
        self.masters = list(MASTERS) if balancers == 2 else list(MASTERS)[:1]
        own = checkout / ".venv/bin/twinkeel"
        # Installed programs have their bytecode: where Python is told to keep none, each run would compile every module.
        keeps = ("env", "-u", "PYTHONDONTWRITEBYTECODE")
        self.program = {
            "old": (*keeps, f"PYTHONPATH={checkout / 'src'}", str(own) if own.exists() else "twinkeel"),
            "new": (*keeps, "TWINKEEL_BUILD=new", "twinkeel"),
        }

    def spec(self, more: str = "") -> str:
        return self.here.spec(self.balancers, self.masters, more)

    def timed(self, build: str, command: str, spec: str) -> float:
        return self.here.timed(*self.program[build], command, "-f", spec, codes=(0, 1))

    def memory(self, build: str) -> float:
        """MiB of an apply with nothing to change."""
        argv = [sys.executable, "-c", MEMORY, *self.program[build], "apply", "-f", self.spec()]
        ended = self.here.lab.run("operator", argv)
        assert ended.returncode == 0, ended.stderr
        return int(ended.stdout.split()[-1]) / 1024

    def bare(self) -> None:
        """The load balancers as they were before the first apply."""
        for number in range(1, self.balancers + 1):
            self.here.lab.run(f"lb-{number}", ["sh", "-c", BARE])

    def first(self, build: str) -> float:
        self.bare()
        return self.timed(build, "apply", self.spec())

    def again(self, build: str) -> float:
        """Both render other files: each has its own first."""
        self.timed(build, "apply", self.spec())
        return self.timed(build, "apply", self.spec())

    def timers(self, build: str) -> float:
        self.timed(build, "apply", self.spec())
        time.sleep(2)
        return self.timed(build, "apply", self.spec(TIMERS))


def compare(what: str, measure: Callable[[str], float], trials: int, unit: str) -> float:
    """One row: the medians of both builds, in turn, and their ratio. Returns this build's median."""
    figures: dict[str, list[float]] = {"old": [], "new": []}
    for _ in range(trials):
        for build, mine in figures.items():
            mine.append(measure(build))
    old, new = (statistics.median(mine) for mine in figures.values())
    row(what, *(span(mine, unit) for mine in figures.values()), f"{100 * new / old:.0f} %")
    return new


def span(figures: Sequence[float], unit: str) -> str:
    return f"{min(figures):.1f} to {max(figures):.1f} {unit}"


def plain_role(here: Bench, trials: int, new: float) -> None:
    """The row of the plain role: new timers, and the old ones again."""
    here.plain(2)
    seconds = []
    for check, advert in [("1500", "2"), ("1s", "1")] * trials:
        time.sleep(2)
        seconds.append(here.plain(2, check=check, advert=advert))
    row(
        "new timers by a plain role, beside this build's `apply`",
        span(seconds, "s"),
        "",
        f"{100 * new / statistics.median(seconds):.0f} %",
    )


ROWS = ("first", "again", "timers", "plain", "check", "eight", "memory")


def main() -> None:
    """The table."""
    checkout, trials = Path(sys.argv[1]).absolute(), int(sys.argv[2])
    rows, new = sys.argv[3:] or ROWS, math.nan
    head("what", "older build", "this build", "this / older, medians")
    if {"first", "again", "timers", "check"} & set(rows):
        with bench("bench-builds", 2) as here:
            pair = Builds(here, checkout, 2)
            if "first" in rows:
                compare("first `apply` on two bare hosts", pair.first, trials, "s")
            if "again" in rows:
                compare("`apply` with nothing to change, two hosts", pair.again, trials, "s")
            if "timers" in rows:
                new = compare("`apply` of new timers, two hosts", pair.timers, trials, "s")
            if "check" in rows:
                compare("`check`, whole process", lambda build: pair.timed(build, "check", pair.spec()), 3 * trials, "s")
    if "plain" in rows:
        with bench("bench-builds", 2) as here:
            plain_role(here, trials, new)
    if {"eight", "memory"} & set(rows):
        with bench("bench-builds", 8, "--no-kubernetes", masters=list(MASTERS)[:1]) as here:
            eight = Builds(here, checkout, 8)
            if "eight" in rows:
                compare("`apply` with nothing to change, eight hosts", eight.again, trials, "s")
            if "memory" in rows:
                compare("largest process of that `apply`", eight.memory, 1, "MiB")


if __name__ == "__main__":
    main()
