"""A note's process id may belong to another process by now."""

import os

from twinkeel.drill.active_fault import ActiveFault
from twinkeel.support.process_start import process_start


def note(pid: int, start: str = "") -> ActiveFault:
    return ActiveFault("lab-home", "power-loss", "lb-1", "lb-1", "", pid, process_start=start)


def test_the_drill_that_still_runs() -> None:
    assert not note(os.getpid(), process_start(os.getpid())).has_ended


def test_a_process_id_that_another_process_has_now() -> None:
    assert note(os.getpid(), "1").has_ended


def test_a_note_of_an_older_release_has_the_process_id_alone() -> None:
    assert not note(os.getpid()).has_ended
    assert note(2**22 + 1).has_ended
