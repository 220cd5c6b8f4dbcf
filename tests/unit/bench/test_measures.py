"""Reading ApacheBench's report, and the program that looks at idle services."""

import os
import time

import pytest

from twinkeel.bench.data_path import medians
from twinkeel.bench.load_generator import Load, parse
from twinkeel.bench.programs.measure_idle import processes, pss, ticks
from twinkeel.errors import ToolError

REPORT = """\
Concurrency Level:      16
Time taken for tests:   5.001 seconds
Complete requests:      4242
Failed requests:        3
   (Connect: 0, Receive: 0, Length: 3, Exceptions: 0)
Keep-Alive requests:    4242
Requests per second:    848.23 [#/sec] (mean)
Time per request:       18.863 [ms] (mean)
"""
PERCENTILES = "Percentage served,Time in ms\n0,1.210\n50,17.900\n98,40.100\n99,44.875\n100,90.100\n"


def test_a_report_and_its_percentiles() -> None:
    assert parse(REPORT, PERCENTILES) == Load(848.23, 44.875, 4242, 3)


def test_another_answer_than_2xx_is_a_failure() -> None:
    assert parse(REPORT + "Non-2xx responses:      7\n", PERCENTILES).failed == 10


@pytest.mark.parametrize(("report", "percentiles"), [("", PERCENTILES), (REPORT, ""), (REPORT, "99,soon\n")])
def test_a_report_that_lacks_a_figure_is_refused(report: str, percentiles: str) -> None:
    with pytest.raises(ToolError, match="cannot be understood"):
        parse(report, percentiles)


def test_a_percentile_of_few_requests_is_refused() -> None:
    with pytest.raises(ToolError, match="too few"):
        parse(REPORT.replace("4242", "99"), PERCENTILES)


def test_medians_of_rates_and_sums_of_counts() -> None:
    assert medians([Load(100, 5, 10, 0), Load(300, 7, 30, 1), Load(200, 9, 20, 0)]) == Load(200, 7, 60, 1)


def test_memory_and_processor_time_of_this_process() -> None:
    before = ticks(os.getpid())
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    assert ticks(os.getpid()) - before in range(3, 60)
    with open("/proc/self/status") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    assert resident / 4 < pss(os.getpid()) <= resident * 1.1


def test_a_process_that_is_gone_costs_nothing() -> None:
    assert pss(2**22 + 1) == ticks(2**22 + 1) == 0


def test_a_unit_has_its_main_process_and_all_that_came_from_it(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    folder = str(tmp_path)
    with open(f"{folder}/systemctl", "w") as file:
        file.write(f"#!/bin/sh\necho {os.getppid()}\n")
    os.chmod(f"{folder}/systemctl", 0o755)  # noqa: S103
    monkeypatch.setenv("PATH", folder, prepend=":")
    assert os.getpid() in processes("some.service")
