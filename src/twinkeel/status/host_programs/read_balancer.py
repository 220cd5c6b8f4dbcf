"""Runs on a load balancer: all that its status is made of, as one line of JSON, once or again and again until its input ends.

Again means after each period, and at once when the kernel says that an address came or went: a virtual IP that moves is news.

`python3 -c PROGRAM SOCKET DOWN_FILE STANDBY_FILE LINGER_FILE UNITS [PERIOD [ANNOUNCE_FILE]]`; UNITS are joined by commas, HAProxy's
first; PERIOD is in seconds, empty for one reading; ANNOUNCE_FILE is where virtual IPs are announced by BGP. To start it for each
reading would cost the host more than the reading does.
"""

from __future__ import annotations

import csv
import io
import json
import select
import subprocess
import sys

from twinkeel.hosts.host_programs.haproxy_socket import ask_haproxy
from twinkeel.status.host_programs.own_addresses import ages, drain, listen

COLUMNS = ("pxname", "svname", "status", "check_status", "check_code")
ONCE_TIMEOUT = 2.5
# A HAProxy that hangs must not hold up the rest of a line that is due every second.
WATCH_TIMEOUT = 0.8


def read_state(places: tuple[str, str, str, str], units: str, timeout: float, announce: str = "") -> dict[str, object]:
    """See `twinkeel.status.load_balancer` for what each field means."""
    socket_path, down, standby, linger = places
    try:
        links = json.loads(output("ip", "-j", "address", "show"))
    except (OSError, ValueError) as error:
        return {"error": f"its addresses cannot be read: {error}"}
    return {
        "addresses": [entry["local"] for link in links for entry in link.get("addr_info", ()) if "local" in entry],
        "ages": ages(),
        "units": output("systemctl", "is-active", *units.split(",")).split(),
        "down": text_of(down),
        "standby": text_of(standby),
        "lingering": text_of(linger) if linger else None,
        "servers": servers(socket_path, timeout),
        **(announced(announce) if announce else {}),
    }


def announced(path: str) -> dict[str, object]:
    """What our program says of announcing, and FRR of its sessions; nothing where FRR is not installed."""
    report: dict[str, object] = {"announce": text_of(path), "bgp": "", "bfd": ""}
    try:
        report["bgp"] = output("vtysh", "-c", "show bgp summary json")
        report["bfd"] = output("vtysh", "-c", "show bfd peers json")
    except OSError:
        pass
    return report


def output(*argv: str) -> str:
    """What a program prints, whatever its exit code says."""
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False).stdout.decode(errors="replace")


def text_of(path: str) -> str | None:
    """A file's text; None where there is none."""
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return None


def servers(path: str, timeout: float) -> str:
    """The servers of `show stat`, with the columns that are used: a large HAProxy's whole table is a megabyte."""
    try:
        table = ask_haproxy(path, "show stat -1 4 -1", timeout)
    except OSError:
        return ""
    shown = io.StringIO()
    writer = csv.DictWriter(shown, COLUMNS, extrasaction="ignore", lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(csv.DictReader(table[2:].splitlines()))
    return shown.getvalue()


def main(places: tuple[str, str, str, str], units: str, period: str = "", announce: str = "") -> None:
    """Print a line, and one after each period, or when there is news."""
    # Before the first look: what happens during it is news, too.
    listener = listen() if period else None
    while True:
        sys.stdout.write(json.dumps(read_state(places, units, WATCH_TIMEOUT if period else ONCE_TIMEOUT, announce)) + "\n")
        sys.stdout.flush()
        if listener is None or sys.stdin in select.select([sys.stdin, listener], [], [], float(period))[0]:
            return
        drain(listener)


if __name__ == "__main__":
    socket_path, down, standby, linger, units = sys.argv[1:6]
    main((socket_path, down, standby, linger), units, *sys.argv[6:])
