"""What is said of a library that an extra would have brought."""

import pytest

from twinkeel.support import extras


def test_a_library_that_is_there_is_no_news() -> None:
    assert extras.absent("pyroute2") == []


def test_one_that_is_not_there_comes_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    (said,) = extras.absent("pyroute2")
    assert said.startswith("pyroute2 is not installed (")
    assert "pipx install --force '.[lab]'" in said
