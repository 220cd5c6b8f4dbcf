"""The report in a real browser: drawn at desktop and phone width, light and dark, without a network, nothing too wide."""

import json
import re
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from twinkeel.drill.facts import RunFacts, read_facts, write_facts
from twinkeel.drill.history import EVENTS_FILE, MILLISECOND, REQUESTS_FILE, End, Event, Probe, Record, Request, encode
from twinkeel.report.write import write_reports
from twinkeel.support.extras import ExtraMissingError

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PERIOD = 10
FAULT_AT = 1500
END = 5000


def records(outage: int) -> tuple[list[Record], list[Record]]:
    """A trial with an outage of that many milliseconds."""
    asked: list[Record] = [Probe(PERIOD * MILLISECOND, 100 * MILLISECOND, 1000 * MILLISECOND, "https://192.0.2.1:6443/readyz")]
    for start in range(0, END, PERIOD):
        bad = FAULT_AT <= start < FAULT_AT + outage
        asked.append(Request("new", start * MILLISECOND, (start + 3) * MILLISECOND, 0, "refused" if bad else ""))
    asked += [Request("kept", start * MILLISECOND, (start + 2) * MILLISECOND) for start in range(0, END, 100)]
    asked.append(End(len(asked) - 1, END * MILLISECOND))
    happened = [
        (0, "vip", {"host": "lb-1", "held": True}),
        (0, "vip", {"host": "lb-2", "held": False}),
        (FAULT_AT, "fault", {"host": "lb-1"}),
        (FAULT_AT + 1, "injected", {}),
        (FAULT_AT + 2, "vip", {"host": "lb-1", "held": False}),
        (FAULT_AT + outage, "vrrp", {"host": "lb-2", "instance": "api", "state": "MASTER"}),
        (FAULT_AT + outage, "vip", {"host": "lb-2", "held": True}),
        (4000, "heal", {}),
        (4500, "trace", {"changed": True}),
        (4600, "holder-after", {"holder": "lb-2"}),
        (4700, "healthy", {}),
    ]
    return asked, [Event(name, at * MILLISECOND, data) for at, name, data in happened]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    for number, (scenario, outage) in enumerate([("haproxy-stop", 20), ("power-loss", 280), ("power-loss", 400)], start=1):
        place = folder / f"{number:03d}-{scenario}"
        place.mkdir(parents=True)
        asked, events = records(outage)
        head = [
            Event("trial", 0, {"scenario": scenario, "trial": number, "budget_ms": 350}),
            Event("holder-before", 0, {"holder": "lb-1"}),
        ]
        (place / REQUESTS_FILE).write_text("".join(encode(record) for record in asked))
        (place / EVENTS_FILE).write_text("".join(encode(record) for record in [*head, *events]))
    write_facts(folder, RunFacts("lab-home", "2026-11-22 20:00 UTC", "0.1.0", {"HAProxy": "2.6.12"}, "name: </script><b>lab\n"))
    return folder


def test_the_three_reports_say_the_same(run: Path) -> None:
    trials = write_reports(run)
    assert [trial.verdict.verdict for trial in trials] == ["pass", "pass", "fail"]
    shown = json.loads((run / "report.json").read_text())
    assert [(each["scenario"], each["max_ms"], each["verdict"]) for each in shown["summaries"]] == [
        ("haproxy-stop", 20, "pass"),
        ("power-loss", 400, "fail"),
    ]
    assert shown["trials"][2]["no_holder_ms"] == 398
    assert "| power-loss | 2 | 340 | 400 | 400 | 350 |" in (run / "report.md").read_text()
    page = (run / "report.html").read_text()
    assert "over budget or not healed: power-loss." in page
    assert "2.6.12" in page
    # What a spec holds cannot become part of the page.
    assert "</script><b>" not in page
    assert read_facts(run).cluster == "lab-home"


def test_a_folder_of_an_older_version_is_reported_too(run: Path) -> None:
    (run / "run.json").unlink()
    write_reports(run)
    assert "Drills of run" in (run / "report.html").read_text()


def in_browser(page: Path, folder: Path, *arguments: str) -> str:
    """What Chromium prints. It gets no network: every host name leads nowhere."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    command = [
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        f"--user-data-dir={folder}/profile",
    ]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=5000", *arguments, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 500])
def test_it_looks_right(run: Path, tmp_path: Path, width: int, scheme: str) -> None:
    write_reports(run)
    page = run / "report.html"
    # 500 is the narrowest window that Chromium opens. The title tells what the page measured of itself.
    drawn = "document.querySelectorAll('.main-svg').length"
    said = f"document.title = JSON.stringify([document.documentElement.scrollWidth, innerWidth, {drawn}])"
    page.write_text(page.read_text().replace("</body>", f"<script>{said}</script></body>"))
    look = "--blink-settings=preferredColorScheme=0" if scheme == "dark" else "--blink-settings=preferredColorScheme=1"
    picture = tmp_path / "page.png"
    in_browser(page, tmp_path, f"--window-size={width},1600", look, f"--screenshot={picture}")
    dom = in_browser(page, tmp_path, f"--window-size={width},1600", look, "--dump-dom")
    wide, inner, drawings = json.loads(re.search(r"<title>(\[.*?\])</title>", dom).group(1))  # type: ignore[union-attr]
    assert wide <= inner
    assert drawings >= 4, "the distribution and the first time line are drawn"
    ground = first_pixel(picture)
    assert ground == ((0x14, 0x18, 0x1D) if scheme == "dark" else (0xFF, 0xFF, 0xFF))
    assert picture.stat().st_size > 40_000


def first_pixel(picture: Path) -> tuple[int, ...]:
    """The colour of a PNG's upper left corner (RFC 2083): the first line's filter does not change its first pixel."""
    data, place, packed = picture.read_bytes(), 8, b""
    while place < len(data):
        (length,), kind = struct.unpack_from("!I", data, place), data[place + 4 : place + 8]
        packed += data[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += 12 + length
    return tuple(zlib.decompress(packed)[1:4])


def test_without_plotly_there_is_all_but_the_page(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(ExtraMissingError, match=r"this needs plotly.*\n.*pipx install --force '\.\[report\]'"):
        write_reports(run)
    assert sorted(path.name for path in run.glob("report.*")) == ["report.json", "report.md"]
