"""Memory and processor time of services on this host, as one JSON object: {unit: [PSS in KiB, processor seconds]}.

Runs on a load balancer, so it needs Python 3.6 and nothing else. Arguments: seconds to wait, then units. Units that do not run are
left out. Processor time is that of a unit's processes and of the children that they waited for (health-check scripts) meanwhile;
a process that ends while we look makes the figure smaller, never larger.
"""

import json
import os
import subprocess
import sys
import time
from typing import Dict, List

TICKS = os.sysconf("SC_CLK_TCK")


def processes(unit: str) -> List[int]:
    """The process IDs of a service, the main one and all that came from it."""
    shown = subprocess.run(["systemctl", "show", "--property=MainPID", "--value", unit], stdout=subprocess.PIPE, check=True)
    main = int(shown.stdout.decode().strip() or 0)
    found = [main] if main else []
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                parents[int(name)] = int(file.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def pss(pid: int) -> int:
    """Proportional set size in KiB; 0 for a process that is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


def ticks(pid: int) -> int:
    """Processor time of a process and of the children that it waited for; 0 for one that is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return sum(int(word) for word in file.read().rsplit(")", 1)[1].split()[11:15])
    except OSError:
        return 0


def main() -> None:
    """Look, wait, look again, and print."""
    seconds, units = float(sys.argv[1]), sys.argv[2:]
    running = {unit: pids for unit, pids in ((unit, processes(unit)) for unit in units) if pids}
    before = {pid: ticks(pid) for pids in running.values() for pid in pids}
    time.sleep(seconds)
    measured: Dict[str, List[float]] = {}
    for unit, pids in running.items():
        used = sum(max(ticks(pid) - before[pid], 0) for pid in pids)
        measured[unit] = [sum(map(pss, pids)), used / TICKS]
    sys.stdout.write(json.dumps(measured) + "\n")


if __name__ == "__main__":
    main()
