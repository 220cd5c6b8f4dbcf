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


def test_no_caller_gives_an_address_with_brackets_to_who_adds_them() -> None:
    folder = Path(twinkeel.__file__).parent / "apply"
    found = [str(path) for path in folder.rglob("*.py") if re.search(r"\[\{[\w.]+\}\]\"", path.read_text())]
    assert found == []
