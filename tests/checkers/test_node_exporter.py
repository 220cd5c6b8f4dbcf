"""Debian's node_exporter takes the program's file as it is, with the labels that the rules go by."""

import subprocess
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from prometheus_programs import ensure_node_exporter
from scraped_pair import DEADLINE, free_port, told_pair


def test_it_tells_what_the_file_says(tmp_path: Path) -> None:
    program, port, folder = ensure_node_exporter(), free_port(), tmp_path / "collector"
    folder.mkdir()
    argv = [program, "--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={folder}"]
    argv += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with told_pair(tmp_path, folder / "twinkeel.prom") as ports, subprocess.Popen(argv) as process:
        try:
            text = wait_for_file(port)
            with urllib.request.urlopen(f"http://127.0.0.1:{ports['lb-1']}/metrics", timeout=60) as answer:
                own = answer.read().decode()
        finally:
            process.terminate()
            process.wait(30)
    assert 'twinkeel_vip_held{cluster="lab-home",load_balancer="lb-1",vip="127.0.0.1"} 1' in text
    assert "node_textfile_scrape_error 0" in text
    assert series(own) <= series(text), "nothing is lost or renamed on the way"


def series(text: str) -> set[tuple[str, ...]]:
    """Names with their labels, which node_exporter sorts."""
    lines = (line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#"))
    return {(name, *sorted(labels.rstrip("}").split(","))) for name, _, labels in (line.partition("{") for line in lines)}


def wait_for_file(port: int) -> str:
    """What it tells once the file with everything in it is there: written every 15 s."""
    end, text = time.monotonic() + DEADLINE, ""
    while "twinkeel_certificate_not_after" not in text:
        assert time.monotonic() < end, text
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        time.sleep(0.2)
    return text
