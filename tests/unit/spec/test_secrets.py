"""Passwords: where they come from, what is refused, and that no message holds one."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.errors import SpecError
from twinkeel.spec.load import Loaded
from twinkeel.spec.secrets import Secrets, load_secrets, require_secrets, secrets_path

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str | bytes, mode: int = 0o600) -> Path:
        path = tmp_path / "secrets.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    return written


def test_both_passwords_come_from_the_file(write: Write) -> None:
    path = write("# kept private\nvrrp_password: 's3cret.1'\nmetrics_password: correct-horse-battery\n")

    assert load_secrets(path, {}) == Secrets("s3cret.1", "correct-horse-battery")


def test_digits_without_quotes_keep_their_text(write: Write) -> None:
    assert load_secrets(write("vrrp_password: 12345670\n"), {}) == Secrets("12345670")


@pytest.mark.parametrize("text", ["", "\n", "# none yet\n"])
def test_an_absent_or_empty_file_holds_none(write: Write, tmp_path: Path, text: str) -> None:
    assert load_secrets(tmp_path / "nowhere.yaml", {}) == Secrets()
    assert load_secrets(write(text), {}) == Secrets()


def test_the_environment_overrides_the_file_and_an_empty_variable_does_not(write: Write) -> None:
    path = write("vrrp_password: fromfile\nmetrics_password: fromfile\n")

    found = load_secrets(path, {"TWINKEEL_VRRP_PASSWORD": "fromenv", "TWINKEEL_METRICS_PASSWORD": ""})

    assert found == Secrets("fromenv", "fromfile")


def test_a_bad_value_in_the_file_does_not_matter_when_the_environment_overrides_it(write: Write) -> None:
    assert load_secrets(write("vrrp_password: far-too-long\n"), {"TWINKEEL_VRRP_PASSWORD": "short"}) == Secrets("short")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_file_that_others_can_read_is_refused(write: Write, mode: int) -> None:
    path = write("vrrp_password: hunter2\n", mode)

    with pytest.raises(SpecError) as caught:
        load_secrets(path, {})

    assert caught.value.exit_code == 2
    assert f"mode 0{mode:o}" in caught.value.what
    assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("vrrp_password: hunter2\nhunter2: x\n", ":2:1"),
        ("vrrp_password: [hunter2]\n", ":1:1"),
        ("vrrp_password: {hunter2: hunter2}\n", ":1:1"),
        ("vrrp_password: true\nmetrics_password: hunter2\n", ":1:1"),
        ("vrrp_password:\n", ":1:1"),
        ("hunter2\n", ":1:1"),
        ("- hunter2\n", ":1:1"),
        ("vrrp_password: !hunter2 hunter2\n", ":1:16"),
        ("vrrp_password: '%hunter2\n", ":1:16"),
        ("vrrp_password: @hunter2\n", ":1:16"),
        ("vrrp_password: hunter2\nvrrp_password: hunter2\n", ":2:1"),
        (b"vrrp_password: hunter2\xff\n", ":1:23"),
    ],
)
def test_what_is_not_key_and_text_is_refused_at_its_place_and_nothing_of_it_is_shown(
    write: Write, text: str | bytes, place: str
) -> None:
    path = write(text)

    with pytest.raises(SpecError) as caught:
        load_secrets(path, {})

    assert re.fullmatch(re.escape(str(path)) + r":\d+:\d+", caught.value.where)
    assert caught.value.where.endswith(place)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("vrrp_password", "ninechars"),
        ("vrrp_key", "0a" * 31),
        ("vrrp_key", "0a" * 65),
        ("vrrp_key", "0a" * 32 + "0"),
        ("vrrp_key", "hex:" + "0a" * 32),
        ("vrrp_password", ""),
        ("vrrp_password", "two half"),
        ("vrrp_password", "hash#it"),
        ("vrrp_password", "bang!it"),
        ("vrrp_password", "a$b"),
        ("vrrp_password", "naïve"),
        ("vrrp_password", "٣٤٥"),
        ("vrrp_password", "line\\nend"),
        ("metrics_password", "a" * 129),
        ("metrics_password", "two words"),
        ("metrics_password", "back\\\\slash"),
    ],
)
def test_what_the_daemons_cannot_take_is_refused_without_showing_it(write: Write, key: str, value: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_secrets(write(f'{key}: "{value}"\n'), {})

    assert key in caught.value.what
    assert f"it may have {64 if key == 'vrrp_key' else 1} to" in caught.value.hint
    assert value == "" or value not in str(caught.value)


def test_a_variable_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load_secrets(tmp_path / "secrets.yaml", {"TWINKEEL_VRRP_PASSWORD": "far-too-long"})

    assert caught.value.where == "TWINKEEL_VRRP_PASSWORD"
    assert "far-too-long" not in str(caught.value)


def test_a_folder_in_its_place_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        load_secrets(tmp_path, {})


def test_secrets_are_never_shown() -> None:
    secrets = Secrets("hunter2")

    assert f"{secrets!r} {secrets}" == " ".join(
        ["Secrets(vrrp_password=***, metrics_password=None, vrrp_key=None, bgp_password=None)"] * 2
    )
    assert "hunter2" not in repr([secrets])


PASSWORD = ("failover: {profile: fast}", "failover: {vrrp_version: 2, authentication: password, advert_interval: 1}")
METRICS = ("ssh: {user: root}", "haproxy: {metrics: {address: host, user: prometheus}}\nssh: {user: root}")


def test_a_spec_that_asks_for_no_password_needs_none(load_edited: Callable[..., Loaded]) -> None:
    loaded = load_edited()
    assert loaded.spec is not None

    require_secrets(loaded.spec, Secrets())


def test_a_missing_password_names_the_key_the_file_and_the_variable(load_edited: Callable[..., Loaded]) -> None:
    loaded = load_edited(PASSWORD)
    assert loaded.spec is not None

    with pytest.raises(SpecError) as caught:
        require_secrets(loaded.spec, Secrets(None, "x"))

    assert str(caught.value) == (
        "the spec asks for a password that is not set: `vrrp_password`\n"
        "  where: failover.authentication\n"
        "  hint: write `vrrp_password: ...` to secrets.yaml (mode 0600), or set TWINKEEL_VRRP_PASSWORD"
    )
    require_secrets(loaded.spec, Secrets("x"))


def test_all_missing_passwords_are_named_at_once(load_edited: Callable[..., Loaded]) -> None:
    loaded = load_edited(PASSWORD, METRICS)
    assert loaded.spec is not None

    with pytest.raises(SpecError, match="`vrrp_password`, `metrics_password`"):
        require_secrets(loaded.spec, Secrets())


def test_the_secrets_file_stands_beside_the_spec(load_edited: Callable[..., Loaded]) -> None:
    loaded = load_edited(("ssh: {user: root}", "secrets_file: private/passwords.yaml"))
    assert loaded.spec is not None

    assert secrets_path(loaded.spec, Path("/srv/cluster")) == Path("/srv/cluster/private/passwords.yaml")
