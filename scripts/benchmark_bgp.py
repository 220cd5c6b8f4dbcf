"""Load balancers that announce by BGP: faults in a lab beside what is predicted, and the rate of new connections. Prints Markdown.

Run it with scripts/benchmark-bgp, which says what the arguments are. Trials that could not be judged are shown as such. An
interrupted run goes on where it was when it is given the same folder.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from lab_benchmark import TWINKEEL, lab_of, run_inside

from twinkeel.app.explain import PredictedFault, predicted_faults
from twinkeel.cli.load import load_topology

LAB = "bgp-benchmark"
VIP = "192.0.2.10"
# A member that comes back waits for two seconds, not for two minutes: a trial begins on a system that is whole.
INTERVAL = float(os.environ.get("TWINKEEL_BFD_INTERVAL", "0.01"))
SPEC = f"""\
name: lab-bgp
domain: lab-home.com
endpoint:
  name: lb.lab-home.com
  vip: {VIP}
  mode: bgp
  bgp:
    asn: 64512
    routers: [{{address: 192.168.1.1, asn: 64500}}]
    return_delay: 2
    bfd: {{interval: {INTERVAL:g}, multiplier: 3}}
load_balancers: {{lb-1: 192.168.1.111, lb-2: 192.168.1.112, lb-3: 192.168.1.113}}
control_plane: {{master-1: 192.168.1.101}}
failover: {{second_chance: true}}
kubernetes: {{network_plugin: calico}}
"""
IDLE, MINUTES = "idle", 10
FAULTS = (
    *(IDLE, "power-loss", "link-cut", "haproxy-hang", "haproxy-kill", "haproxy-stop", "planned-switchover", "reboot-holder"),
    *("bgpd-kill", "frr-stop", "bgp-session-flap"),
)
HEADINGS = (
    *("fault", "predicted ms", "trials", "downtime ms, median / max", "next longest (its return)"),
    *("new requests failed, of", "kept connections broken, of", "BFD sessions lost", "load, 1 min"),
)
CLIENTS, SECONDS = 8, 10
SOAK = "soak"
PAUSE = 5.0


def main() -> None:
    """Measure what is not measured yet, then print the tables."""
    trials, folder, faults = _arguments(sys.argv[1:])
    rates = folder / "rates.json"
    missing = [fault for fault in faults if not _result(folder, fault).exists()]
    if faults == (SOAK,):
        _soak(folder)
        return
    if missing or (faults == FAULTS and not rates.exists()):
        with lab_of(SPEC, LAB, folder):
            _inside("operator", "twinkeel", "apply")
            for fault in missing:
                if fault == IDLE:
                    _idle(folder)
                else:
                    _measure(fault, trials, folder)
            if faults == FAULTS:
                rates.write_text(json.dumps([_rate(count) for count in (3, 1)]))
    predictions = predicted_faults(load_topology(folder / "twinkeel.yaml"))
    print(_table(HEADINGS, [_row(fault, predictions, json.loads(_result(folder, fault).read_text())) for fault in faults]))
    if faults == FAULTS:
        headings = ("load balancers that announce", "new TLS connections a second", "processors that were idle")
        print(f"\n{_table(headings, [tuple(map(str, row)) for row in json.loads(rates.read_text())])}")
    print(f"histories: {folder}", file=sys.stderr)


def _arguments(given: Sequence[str]) -> tuple[int, Path, Sequence[str]]:
    trials = int(given[0]) if given and given[0].isdecimal() else 0 if given else 20
    if trials < 1:
        print("usage: scripts/benchmark-bgp [TRIALS [FOLDER [FAULT...]]]", file=sys.stderr)
        sys.exit(2)
    folder = Path(given[1] if len(given) > 1 else tempfile.mkdtemp(prefix="twinkeel-bgp-")).absolute()
    return trials, folder, tuple(given[2:]) or FAULTS


def _result(folder: Path, fault: str) -> Path:
    return folder / f"{fault}.json"


def _inside(host: str, *argv: str, good: tuple[int, ...] = (0,)) -> str:
    return run_inside(LAB, host, *argv, good=good)


def _measure(fault: str, trials: int, folder: Path) -> None:
    """Trials of a fault, as their JSON says; an exit code of 1 is an answer, too, and 3 that the system was not whole yet."""
    print(f"{fault} ...", file=sys.stderr, flush=True)
    found: list[dict[str, Any]] = []
    lost = _sessions_lost()
    for _ in range(trials):
        histories = tempfile.mkdtemp(prefix=f"{fault}-", dir=folder)
        count = ("--trials", str(trials - len(found)))
        drill = ("twinkeel", "drill", "run", fault, *count, "--format", "json", "-o", f"{histories}/run")
        found += [json.loads(line) for line in _inside("client", *drill, good=(0, 1, 3)).splitlines()]
        if len(found) >= trials:
            break
        time.sleep(PAUSE)
    _write(folder, fault, found, lost)


def _idle(folder: Path) -> None:
    """Nothing is asked and nothing is broken for minutes: a session that is lost then was lost for nothing."""
    print(f"{IDLE} ...", file=sys.stderr, flush=True)
    _wait_for_ways(3)
    lost = _sessions_lost()
    time.sleep(60 * MINUTES)
    _write(folder, IDLE, [], lost)


def _write(folder: Path, fault: str, trials: list[dict[str, Any]], lost_before: int) -> None:
    result = {"trials": trials, "load": os.getloadavg()[0], "sessions_lost": _sessions_lost() - lost_before}
    _result(folder, fault).write_text(json.dumps(result))


def _sessions_lost() -> int:
    """BFD sessions that the router has seen going down since it booted."""
    told = json.loads(_inside("router-1", "vtysh", "-c", "show bfd peers counters json"))
    return sum(peer["session-down"] for peer in told)


def _soak(folder: Path) -> None:
    """All processors busy for minutes: what was taken for a loss that was none."""
    with lab_of(SPEC, LAB, folder):
        _inside("operator", "twinkeel", "apply")
        argv = ("twinkeel", "drill", "soak", "--minutes", str(MINUTES), "--format", "json", "-o", str(folder / "soak"))
        print(_inside("client", *argv, good=(0, 1)), end="")


def _row(fault: str, predictions: Sequence[PredictedFault], result: dict[str, Any]) -> tuple[str, ...]:
    proved = [trial for trial in result["trials"] if trial["verdict"] != "unknown" and trial["downtime_ms"] is not None]
    predicted = next((each.prediction.downtime for each in predictions if fault in each.drills), None)
    said = "-" if predicted is None else f"{predicted.low * 1000:.0f} to {predicted.high * 1000:.0f}"
    ends = (str(result["sessions_lost"]), f"{result['load']:.0f}")
    if fault == IDLE:
        return (f"none, {MINUTES} minutes", *["-"] * 6, *ends)
    if not proved:
        return (fault, said, "0", *["unknown"] * 4, *ends)
    streams = [each for trial in proved for each in trial["streams"] if each["failed"] is not None]
    new, kept = ([each for each in streams if (each["stream"] == "new") is wanted] for wanted in (True, False))
    unknown, times = len(result["trials"]) - len(proved), [trial["downtime_ms"] for trial in proved]
    next_times = [trial["second_ms"] or 0.0 for trial in proved]
    return (
        fault,
        said,
        f"{len(proved)}" + (f" ({unknown} unknown)" if unknown else ""),
        f"{median(times):.0f} / {max(times):.0f}",
        f"{median(next_times):.0f} / {max(next_times):.0f}",
        f"{sum(each['failed'] for each in new)} of {sum(each['requests'] for each in new)}",
        f"{sum(each['connections_lost'] for each in kept)} of {len(kept)}",
        *ends,
    )


def _rate(count: int) -> tuple[int, int, str]:
    """New TLS connections a second while so many load balancers announce, made by openssl's s_time, and what was idle meanwhile."""
    aside = [f"lb-{number}" for number in range(count + 1, 4)]
    for host in aside:
        _inside(host, "sh", "-c", "echo 1 > /run/twinkeel/standby")
    _wait_for_ways(count)
    argv = ["timeout", str(2 * SECONDS), "openssl", "s_time", "-connect", f"{VIP}:6443", "-new", "-time", str(SECONDS)]
    before = _processor_time()
    clients = [
        subprocess.Popen([TWINKEEL, "lab", "exec", "--name", LAB, "client", "--", *argv], stdout=subprocess.PIPE, text=True)
        for _ in range(CLIENTS)
    ]
    said = [client.communicate()[0] for client in clients]
    after = _processor_time()
    for host in aside:
        _inside(host, "sh", "-c", "echo 0 > /run/twinkeel/standby")
    made = [re.search(r"(\d+) connections in (\d+) real seconds", each) for each in said]
    idle = (after[0] - before[0]) / (after[1] - before[1])
    rate = sum(int(each[1]) / int(each[2]) for each in made if each)
    return count, round(rate), f"{idle:.0%} of {os.cpu_count()}"


def _wait_for_ways(count: int) -> None:
    end = time.monotonic() + 60
    while len(set(re.findall(r"via (\S+)", _inside("router-1", "ip", "route", "show", VIP)))) != count:
        if time.monotonic() > end:
            sys.exit(f"the router never had {count} ways")
        time.sleep(0.5)


def _processor_time() -> tuple[int, int]:
    """Idle time and all time of this machine's processors since its start."""
    times = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return times[3] + times[4], sum(times)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, ("---",) * len(headings), *rows))


if __name__ == "__main__":
    main()
