"""What a tab costs that is left open on the page of `twinkeel serve`: a real Chromium, and as many updates as a page gets.

    PYTHONPATH=src .venv/bin/python tests/process/serve/benchmark_page.py [MINUTES] [CLUSTERS]

A load balancer's word changes every 40 ms, so that each client gets its ten updates a second. The clusters are made up. Before each
line the tab's garbage is collected.
"""

import sys
import threading
import time
from itertools import cycle
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from made_up_cluster import MadeUpPage, made_up_page, told

from browser import open_browser
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

EXAMPLE = Path(__file__).parents[3] / "examples/lab-home.yaml"
MINUTES, CHANGE_EVERY, SHOWN_EVERY = 30.0, 0.04, 60.0
VIP = "192.168.1.110"


def topology() -> Topology:
    """The article's cluster."""
    spec = load(SourceFile(str(EXAMPLE), EXAMPLE.read_text())).spec
    assert spec is not None
    return build(spec, EXAMPLE.parent)


def keep_changing(page: MadeUpPage, stop: threading.Event) -> None:
    """Servers that go and come back, and once in ten seconds a virtual IP that moves."""
    servers = ("master-1", "master-2", "master-3")
    for number, down in enumerate(cycle((*servers, ""))):
        if stop.wait(CHANGE_EVERY):
            return
        seen = {name: "DOWN" if name == down else "UP" for name in servers}
        first = number // 200 % 2 == 0
        page.say(
            number % len(page.hosts), lb_1=told({VIP: 1.0} if first else {}, seen), lb_2=told({} if first else {VIP: 1.0}, seen)
        )


def resident(pid: int | str) -> float:
    """A process's resident memory, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def renderers(root: int) -> list[str]:
    """The processes of tabs below a browser's driver."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                parents[folder.name] = (fields[1], "--type=renderer" in (folder / "cmdline").read_bytes().decode(errors="replace"))
            except OSError:
                continue
    below = {str(root)}
    while grown := {pid for pid, (parent, _) in parents.items() if parent in below} - below:
        below |= grown
    return [pid for pid in below if parents.get(pid, ("", False))[1]]


def measure(driver: Any, page: MadeUpPage, began: float) -> None:
    """One line."""
    driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    found = {each["name"]: each["value"] for each in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
    tabs = sum(resident(pid) for pid in renderers(driver.service.process.pid))
    sent = page.numbers.messages._value.get()
    line = (
        f"{(time.monotonic() - began) / 60:5.1f} min  {sent:6.0f} updates  heap {found['JSHeapUsedSize'] / 2**20:5.2f} MiB  "
        f"{found['Nodes']:5.0f} nodes  {found['JSEventListeners']:3.0f} listeners  tab {tabs:5.0f} MiB  "
        f"server {resident('self'):5.1f} MiB\n"
    )
    sys.stdout.write(line)
    sys.stdout.flush()


def main() -> None:
    """Measure until the time is over."""
    minutes, clusters = [*map(float, sys.argv[1:3]), *(MINUTES, 1.0)[len(sys.argv) - 1 :]]
    stop = threading.Event()
    with made_up_page([topology()] * int(clusters), period=1.0) as page, open_browser() as driver:
        driver.get(page.url)
        driver.execute_cdp_cmd("Performance.enable", {})
        changing = threading.Thread(target=keep_changing, args=(page, stop))
        changing.start()
        began = time.monotonic()
        try:
            while time.monotonic() - began < minutes * 60:
                time.sleep(SHOWN_EVERY)
                measure(driver, page, began)
        finally:
            stop.set()
            changing.join()


if __name__ == "__main__":
    main()
