"""Who may look."""

from pathlib import Path

import pytest

from twinkeel.errors import UsageError
from twinkeel.serve import access
from twinkeel.serve.access import COOKIE, COOKIE_AGE, VARIABLE, Token, is_loopback_address, may_read, read_token

SECRET = "0123456789abcdef0123"  # noqa: S105
TOKEN = Token(SECRET)


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_token_comes_from_a_private_file_or_the_environment(tmp_path: Path) -> None:
    file = write(tmp_path / "token", f"{SECRET}\n")
    for token in (read_token(file, {}), read_token(None, {VARIABLE: SECRET}), read_token(file, {VARIABLE: "x" * 20})):
        assert token is not None
        assert token.is_(SECRET)
    assert read_token(None, {}) is None


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (SECRET, 0o644, r"others can read the token \(mode 0644\)"),
        ("short", 0o600, "at least 16 characters"),
        ("", 0o600, "at least 16 characters"),
        ("with a space in it, and long", 0o600, "without spaces"),
    ],
)
def test_a_token_that_is_no_secret_is_refused_and_not_shown(tmp_path: Path, text: str, mode: int, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        read_token(write(tmp_path / "token", text, mode), {})
    assert not text or text not in str(refused.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_token(tmp_path / "none", {})


def test_a_token_is_not_shown_by_a_traceback() -> None:
    assert SECRET not in repr(TOKEN)
    assert SECRET not in TOKEN.cookie()


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({"authorization": f"Bearer {SECRET}"}, True),
        ({"authorization": f"bearer {SECRET} "}, True),
        ({"authorization": f"Basic {SECRET}"}, False),
        ({"authorization": "Bearer "}, False),
        ({"authorization": f"Bearer {SECRET}x"}, False),
        ({"authorization": f"Bearer {SECRET[:-1]}"}, False),
        ({"authorization": "Bearer \udcff\udcfe"}, False),
        ({"cookie": f"{COOKIE}={TOKEN.cookie()}"}, True),
        ({"cookie": f"other=1; {COOKIE}={TOKEN.cookie()}"}, True),
        ({"cookie": f"{COOKIE}={Token(SECRET + 'x').cookie()}"}, False),
        ({"cookie": f"{COOKIE}={SECRET}"}, False),
        ({"cookie": f"{COOKIE}=."}, False),
        ({"cookie": "\0;;==,"}, False),
        ({"host": "127.0.0.1"}, False),
        ({}, False),
    ],
)
def test_with_a_token_nobody_looks_without_it(headers: dict[str, str], may: bool) -> None:
    assert may_read(TOKEN, headers) is may


def test_a_cookie_ends_and_a_clock_that_jumps_far_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr(access.time, "time", lambda: now)
    cookie = {"cookie": f"{COOKIE}={TOKEN.cookie()}"}
    for jump, may in [(0, True), (3600, True), (-3600, True), (COOKIE_AGE + 1, False), (-90_000, False)]:
        monkeypatch.setattr(access.time, "time", lambda jump=jump: now + jump)
        assert may_read(TOKEN, cookie) is may
    # Nobody writes a time into it of their own.
    issued, _, signature = TOKEN.cookie().partition(".")
    assert not may_read(TOKEN, {"cookie": f"{COOKIE}={int(issued) + 1}.{signature}"})


@pytest.mark.parametrize(
    ("host", "may"),
    [
        ("127.0.0.1:8407", True),
        ("127.0.0.1", True),
        ("localhost:8407", True),
        ("[::1]:8407", True),
        ("[::1]", True),
        # A page of somebody else whose name was made to lead here.
        ("evil.example:8407", False),
        ("127.0.0.1.evil.example", False),
        ("192.0.2.1:8407", False),
        ("", False),
    ],
)
def test_without_a_token_only_this_machine_by_its_own_names(host: str, may: bool) -> None:
    assert may_read(None, {"host": host}) is may


def test_only_loopback_addresses_need_no_token() -> None:
    assert [is_loopback_address(each) for each in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "10.0.0.1", "x")] == [  # noqa: S104
        *(True, True, True),
        *(False, False, False, False),
    ]
