"""How many connections HAProxy has to each API server: all of them, and those of processes that a reload left behind.

Runs on a load balancer, so it needs Python 3.6 and ss, and nothing else. Arguments: HAProxy's runtime socket, then places as ss
writes them. Prints one JSON object: {PLACE: [ALL, OLD]}. Connections that come and go do not count.
"""

import json
import re
import socket
import subprocess
import sys
import time
from typing import Dict, List

KEPT_SECONDS = 0.3


def current_process(path: str) -> int:
    """The process that answers at the socket: the newest."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(path)
        connection.sendall(b"show info\n")
        output = connection.makefile().read()
    found = re.search(r"^Pid: (\d+)", output, re.MULTILINE)
    return int(found.group(1)) if found else 0


def counted(before: str, shown: str, current: int, places: List[str]) -> Dict[str, List[int]]:
    """Two looks with `ss -tnpH state established`: two queues, here, there, the process. Who is there in both counts."""
    counts = {place: [0, 0] for place in places}
    known = {line.split()[2] for line in before.splitlines()}
    for line in shown.splitlines():
        words, process = line.split(), re.search(r'"haproxy",pid=(\d+)', line)
        if process is not None and words[3] in counts and words[2] in known:
            counts[words[3]][0] += 1
            counts[words[3]][1] += int(process.group(1)) != current
    return counts


def established() -> str:
    """What ss shows."""
    argv = ["ss", "-tnpH", "state", "established"]
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout


def main() -> None:
    """Count."""
    path, places = sys.argv[1], sys.argv[2:]
    before = established()
    time.sleep(KEPT_SECONDS)
    sys.stdout.write(json.dumps(counted(before, established(), current_process(path), places)))


if __name__ == "__main__":
    main()
