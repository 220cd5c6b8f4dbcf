"""`tune` between real hosts: what it says of them, what it leaves behind, and that silence between them is seen as such."""

import json
import threading
import time
from pathlib import Path
from typing import Any

from labs import Ended, Lab

SECONDS = "12"
# Half a second in which lb-2 hears no VRRP: longer than any interval's timer up to 0.16 s.
DROP = "add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c ip protocol 112 drop"
SILENCE = f"nft '{DROP}'; sleep 0.5; nft delete table ip t"


def tune(lab: Lab, *argv: str) -> Ended:
    return lab.run("operator", ["twinkeel", "tune", "--duration", SECONDS, "--format", "json", *argv])


def answer(ended: Ended, *codes: int) -> dict[str, Any]:
    assert ended.returncode in codes, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def choice(found: dict[str, Any], interval: float) -> dict[str, Any]:
    return next(each for each in found["choices"] if each["interval"] == interval)


def left_behind(lab: Lab, host: str) -> str:
    """The measuring program, found by its own words, and the unit of the busy loops."""
    look = "pgrep -f '[v]irtual router 0'; systemctl is-active twinkeel-drill-load"
    return lab.run(host, ["sh", "-c", look]).stdout.strip()


def test_both_directions_are_measured_as_they_are_and_loaded(small_lab: Lab, tmp_path: Path) -> None:
    page, kept = tmp_path / "page.html", tmp_path / "kept"
    found = answer(tune(small_lab, "--load", "--yes", "--plot", str(page), "--save", str(kept)), 0, 1)
    directions = {(each["phase"], each["sender"], each["receiver"]) for each in found["directions"]}
    assert directions == {(phase, *pair) for phase in ("as they are", "loaded") for pair in (("lb-1", "lb-2"), ("lb-2", "lb-1"))}
    assert all(each["sent"] > 500 and each["lost"] == 0 for each in found["directions"])
    assert {each["host"] for each in found["hosts"]} == {"lb-1", "lb-2"}
    assert all(each["busy"] > 0.8 for each in found["hosts"] if each["phase"] == "loaded")
    assert found["current"] == 0.07
    assert "Timers of lab-two" in page.read_text()
    # Judged again from its file, without any host, it says the same.
    again = small_lab.run("operator", ["twinkeel", "tune", "--from", str(kept), "--format", "json"])
    assert json.loads(again.stdout) == found
    for host in ("lb-1", "lb-2"):
        assert left_behind(small_lab, host) == "inactive"


def test_a_silence_is_a_false_failover(small_lab: Lab) -> None:
    """Packets to lb-2 are dropped for half a second while it is measured."""

    def silence() -> None:
        time.sleep(7)
        ended = small_lab.run("lb-2", ["sh", "-c", SILENCE])
        assert ended.returncode == 0, ended.stderr

    meanwhile = threading.Thread(target=silence)
    meanwhile.start()
    ended = tune(small_lab)
    meanwhile.join()
    found = answer(ended, 1)
    to_it = next(each for each in found["directions"] if each["receiver"] == "lb-2")
    assert to_it["lost"] >= 20
    assert to_it["longest"] > 0.3
    assert choice(found, 0.07)["seen"] >= 1
    assert choice(found, 0.07)["estimate"] > 1000


def test_a_host_that_hears_nothing_is_an_error(small_lab: Lab) -> None:
    small_lab.run("lb-2", ["nft", DROP])
    try:
        ended = tune(small_lab)
    finally:
        small_lab.run("lb-2", ["nft", "delete", "table", "ip", "t"])
    assert ended.returncode == 3
    assert "lb-2 heard nothing from 192.168.1.111" in ended.stderr
    assert "preflight --only P031" in ended.stderr


def test_a_host_that_is_off_is_an_error(small_lab: Lab) -> None:
    small_lab.command("power-off", "lb-2")
    try:
        ended = tune(small_lab)
    finally:
        small_lab.command("power-on", "lb-2")
    assert ended.returncode == 3
    assert "lb-2" in ended.stderr
