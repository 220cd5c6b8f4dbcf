"""What is said beside the table of trials."""

from dataclasses import replace

from twinkeel.drill.checker import Verdict
from twinkeel.drill.trial import Trial
from twinkeel.report.trials import remarks, trial_object

TRIAL = Trial("haproxy-hang", 1, "lb-1", "lb-2", Verdict("pass", 850, 700, 86, None, None, 3000, (), 84, 0))


def test_a_second_outage_is_remarked_and_one_lost_request_is_not() -> None:
    again, lost = (replace(TRIAL, verdict=replace(TRIAL.verdict, second_ms=second)) for second in (240.0, 10.0))
    assert remarks(again) == ("there was a second outage, of 240 ms",)
    assert remarks(lost) == ()


def test_the_object_of_a_trial_tells_what_a_retry_would_have_saved_and_the_second_outage() -> None:
    told = trial_object(TRIAL)
    assert (told["failed"], told["failed_after_retry"], told["second_ms"]) == (86, 84, 0)
