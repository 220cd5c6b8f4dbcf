"""Reads the page of `twinkeel serve` in a real browser: a JSON line whenever what it shows is not as before, until its input ends.

`python page_reader.py URL`; `at` is CLOCK_MONOTONIC in seconds, which every process of one machine shares.
"""

import json
import select
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser import open_browser

READ = """
const text = (selector) => [...document.querySelectorAll(selector)].map((node) => node.textContent);
return {holder: text("#vips .line").filter((line) => line.startsWith("held by")).map((line) => line.split(" ")[2]),
        verdict: document.getElementById("verdict").className, sentence: text("#sentence")[0],
        moves: text("#moves li"), timeline: text("#timeline .text"), lost: !document.getElementById("lost").hidden};
"""
PAUSE = 0.02


def main(url: str) -> None:
    """Read until standard input ends."""
    with open_browser() as driver:
        driver.get(url)
        last = None
        while not select.select([sys.stdin], [], [], PAUSE)[0]:
            seen = driver.execute_script(READ)
            if seen != last:
                last = seen
                sys.stdout.write(json.dumps({"at": time.monotonic(), **seen}) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
