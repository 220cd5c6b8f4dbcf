"""The user's folders, as the XDG Base Directory Specification has them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.support.user_folders import cache_folder, data_folder, state_folder

FOLDERS = [
    (data_folder, "XDG_DATA_HOME", ".local/share/twinkeel"),
    (state_folder, "XDG_STATE_HOME", ".local/state/twinkeel"),
    (cache_folder, "XDG_CACHE_HOME", ".cache/twinkeel"),
]


@pytest.mark.parametrize(("folder", "variable", "below_home"), FOLDERS, ids=[each[1] for each in FOLDERS])
def test_a_folder_is_the_variable_s_if_it_is_absolute(
    folder: Callable[[], Path], variable: str, below_home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/admin")
    monkeypatch.setenv(variable, "/srv/xdg")
    assert folder() == Path("/srv/xdg/twinkeel")
    for unusable in ("", " ", "relative/folder"):
        monkeypatch.setenv(variable, unusable)
        assert folder() == Path("/home/admin") / below_home
    monkeypatch.delenv(variable)
    assert folder() == Path("/home/admin") / below_home
