"""Brackets are written in one place."""

import re
from ipaddress import ip_address
from pathlib import Path

import pytest

import twinkeel
from twinkeel.support.url_host import url_host


@pytest.mark.parametrize(
    ("address", "host"), [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "[2001:db8::1]"), ("api.example.org", "api.example.org")]
)
def test_an_address_in_a_url(address: str, host: str) -> None:
    assert url_host(address) == host


def test_values_and_texts_are_alike() -> None:
    assert url_host(ip_address("2001:db8::1")) == url_host("2001:db8::1")


# SSH's known_hosts has brackets of its own kind, and a program that runs on hosts has not our package.
ELSEWHERE = {"ssh_keys.py", "ssh_access.py", "server_state.py"}


def test_nothing_else_writes_brackets() -> None:
    folder = Path(twinkeel.__file__).parent
    paths = [path for path in folder.rglob("*.py") if path.name not in ELSEWHERE]
    assert [path.name for path in paths if re.search(r"\[\{[^}{]*(address|vip|\bip)\b[^}{]*\}\]", path.read_text())] == []
