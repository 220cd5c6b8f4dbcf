"""What the metrics program costs on a host: scraped on the loopback, with made-up facts and advertisements of two virtual IPs.

unshare --net .venv/bin/python scripts/benchmark_metrics.py [SECONDS]        as root: its addresses stay in that namespace

A stub stands for `systemctl`: a machine without systemd can run this, and that program's own time is not counted.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from twinkeel.render.template import read

SECONDS, SCRAPE_EVERY, ADVERTISE_EVERY, PORT = 60.0, 15.0, 0.07, 18406
UNITS = ("haproxy.service", "keepalived.service", "twinkeel-liveness.service")
VIPS = {"192.0.2.10": 77, "192.0.2.11": 78}


def prepare(folder: Path) -> None:
    """A host's files: 20 that were applied, and what the program goes by."""
    entries = []
    for number in range(20):
        path = folder / f"file-{number}"
        path.write_text("x" * 6000)
        entries.append({"path": str(path), "unit": "haproxy", "on_change": "reload"})
    (folder / "live.json").write_text(json.dumps({"when": "2026-11-30T00:00:00+00:00", "files": entries}))
    (folder / "loaded.json").write_text(json.dumps({"haproxy": {"reload": "a", "restart": "b"}}))
    (folder / "units").write_text("\n".join(f"Id={unit}\nActiveState=active\nNRestarts=0\n" for unit in UNITS))
    (folder / "systemctl").write_text(f"#!/bin/sh\nexec cat {folder}/units\n")
    (folder / "systemctl").chmod(0o755)
    (folder / "metrics").write_text(read("metrics"))
    config = {
        **{"cluster": "made-up", "load_balancer": "lb-1", "address": "127.0.0.1", "port": PORT, "readers": ["127.0.0.0/8"]},
        **{"textfile": f"{folder}/t.prom", "virtual_ips": list(VIPS), "peers": {"127.0.0.2": "lb-2"}, "units": list(UNITS)},
        **{"instances": [{"vip": vip, "version": 4, "vrid": vrid} for vip, vrid in VIPS.items()], "api_servers": []},
        **{name: f"{folder}/{name}" for name in ("down_file", "standby_file", "liveness_file", "generations", "ca_file")},
        **{"notes": f"{folder}/loaded.json", "live": f"{folder}/live.json"},
    }
    (folder / "metrics.json").write_text(json.dumps(config))


def advertise() -> None:
    """Another load balancer's advertisements, as often as the profile `fast` sends them."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 112) as sender:
        sender.bind(("127.0.0.2", 0))
        while True:
            for vrid in VIPS.values():
                sender.sendto(bytes([0x31, vrid, 254, 1, 0, 7, 0, 0, 192, 0, 2, 10]), ("127.0.0.1", 0))
            time.sleep(ADVERTISE_EVERY)


def processor_time(pid: int) -> float:
    """Seconds of a process and the children that it waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, and print one line."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
        with subprocess.Popen([sys.executable, folder / "metrics", folder / "metrics.json"], env=environment) as process:
            time.sleep(3)
            threading.Thread(target=advertise, daemon=True).start()
            before, begun = processor_time(process.pid), time.monotonic()
            while time.monotonic() - begun < seconds:
                time.sleep(SCRAPE_EVERY)
                with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=10) as answer:
                    size = len(answer.read())
            share = (processor_time(process.pid) - before) / (time.monotonic() - begun)
            status = Path(f"/proc/{process.pid}/status").read_text()
            memory = int(status.split("VmHWM:")[1].split()[0])
            print(f"{share:.2%} of a core, {memory / 1024:.0f} MiB, {size} bytes a scrape, over {seconds:.0f} s")
            process.kill()


if __name__ == "__main__":
    main()
