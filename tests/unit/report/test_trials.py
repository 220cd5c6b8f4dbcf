"""What is said beside the table of trials."""

from dataclasses import replace

from twinkeel.drill.checker import Verdict
from twinkeel.drill.stream_results import StreamResult
from twinkeel.drill.streams import BY_NAME
from twinkeel.drill.trial import Trial
from twinkeel.report.streams import periods_of
from twinkeel.report.trials import markdown, remarks, trial_object

TRIAL = Trial("haproxy-hang", 1, "lb-1", "lb-2", Verdict("pass", 850, 700, 86, None, None, 3000, (), 84, 0))


def test_a_second_outage_is_remarked_and_one_lost_request_is_not() -> None:
    again, lost = (replace(TRIAL, verdict=replace(TRIAL.verdict, second_ms=second)) for second in (240.0, 10.0))
    assert remarks(again) == ("there was a second outage, of 240 ms",)
    assert remarks(lost) == ()


def test_the_object_of_a_trial_tells_what_a_retry_would_have_saved_and_the_second_outage() -> None:
    told = trial_object(TRIAL)
    assert (told["failed"], told["failed_after_retry"], told["second_ms"]) == (86, 84, 0)


SERVED = StreamResult(BY_NAME["kept"], 30, 1, 1, 104.5, {"reset": 1}, {"reset": 1}, True)
LOST = StreamResult(BY_NAME["h2-read"], 9, 9, 1, 900.0, {"timeout": 9}, {"timeout": 1}, False)
UNKNOWN = StreamResult(BY_NAME["upload"], reason="not served before the fault (http-403)")


def test_each_stream_is_told_to_machines_and_to_people() -> None:
    trial = replace(TRIAL, streams=(SERVED, LOST, UNKNOWN), asked="/version", identity="nothing")
    told = trial_object(trial)
    assert (told["asked"], told["identity"]) == ("/version", "nothing")
    assert [each["stream"] for each in told["streams"]] == ["kept", "h2-read", "upload"]
    assert told["streams"][0] == {
        "stream": "kept",
        "requests": 30,
        "failed": 1,
        "connections_lost": 1,
        "stall_ms": 104.5,
        "errors": {"reset": 1},
        "endings": {"reset": 1},
        "served_again": True,
        "reason": "",
    }
    text = markdown([trial])
    assert "| haproxy-hang | 1 | 1/1/104 | 9/1/900 | - |" in text
    assert "stream HTTP/2 reads: not served again by the end of the trial" in text
    assert "stream upload: not measured, not served before the fault (http-403)" in text


def test_reports_say_how_often_a_connection_was_made() -> None:
    trials = [replace(TRIAL, period_ms=25.0), replace(TRIAL, period_ms=10.0), replace(TRIAL, period_ms=25.0)]
    assert trial_object(trials[0])["period_ms"] == 25.0
    assert periods_of(trials[:1]) == "every 25 ms"
    assert periods_of(trials) == "every 10 or 25 ms"
    assert periods_of([TRIAL]) == "again and again"
