"""The last drills of a cluster, out of folders that other programs write meanwhile."""

import json
import os
from pathlib import Path
from typing import Any

from twinkeel.serve.drills import DrillFolder, DrillResult


def run(folder: Path, name: str, at: float, scenario: str, downtime: float | None, cluster: str = "lab") -> Path:
    summary = {"scenario": scenario, "trials": 2, "max_ms": downtime, "budget_ms": 350, "verdict": "pass"}
    trial = {"scenario": scenario, "holder_before": "lb-1", "holder_after": "lb-2"}
    told: dict[str, Any] = {"cluster": cluster, "started": f"at {at:g}", "summaries": [summary], "trials": [trial]}
    (folder / name).mkdir(parents=True)
    report = folder / name / "report.json"
    report.write_text(json.dumps(told))
    os.utime(report.parent, (at, at))
    return report


def test_each_scenario_with_its_last_run(tmp_path: Path) -> None:
    run(tmp_path, "lab-a", 100, "power-loss", 400)
    run(tmp_path, "lab-b", 200, "power-loss", 300)
    run(tmp_path, "lab-c", 150, "haproxy-stop", None)
    run(tmp_path, "other-d", 300, "power-loss", 1, cluster="other")
    assert DrillFolder(tmp_path).last("lab") == (
        DrillResult("power-loss", "at 200", 2, 300.0, 350.0, "pass", ("lb-1", "lb-2")),
        DrillResult("haproxy-stop", "at 150", 2, None, 350.0, "pass", ("lb-1", "lb-2")),
    )


def test_what_makes_no_sense_is_left_out_and_read_again_when_it_is_written(tmp_path: Path) -> None:
    good = run(tmp_path, "good", 100, "power-loss", 400)
    for number, text in enumerate(
        ("", "{", "[]", "null", '{"cluster": "lab"}', '{"cluster":"lab","started":"","trials":[],"summaries":[7]}')
    ):
        (tmp_path / f"bad-{number}").mkdir()
        (tmp_path / f"bad-{number}" / "report.json").write_text(text)
    (tmp_path / "under-way").mkdir()
    folder = DrillFolder(tmp_path)
    assert [each.downtime_ms for each in folder.last("lab")] == [400.0]
    good.write_text(good.read_text().replace("400", "77"))
    os.utime(good, (999, 999))
    assert [each.downtime_ms for each in folder.last("lab")] == [77.0]


def test_a_folder_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert DrillFolder(tmp_path / "none").last("lab") == ()
