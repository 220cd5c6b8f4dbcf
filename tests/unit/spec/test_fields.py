"""Addresses are read by `ipaddress`; the JSON Schema tells editors a pattern. Both must take the same."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from twinkeel.spec import fields

KINDS = {
    name: TypeAdapter(getattr(fields, name))
    for name in ("Address", "Address6", "Interface", "Network", "Network6", "AddressOrHost")
}
PATTERNS = {name: str(kind.json_schema()["pattern"]) for name, kind in KINDS.items()}
# What is written for an address, and what looks like one: every piece that one of both readers could see otherwise.
PIECES = (
    "0",
    "1",
    "01",
    "24",
    "32",
    "128",
    "255",
    "256",
    "fd00",
    "12345",
    "fF",
    "::",
    ":",
    ".",
    "/",
    "%",
    "%eth0",
    " ",
    "\n",
    "-",
    "\u0661",
    "host",
)
LIKE_ADDRESSES = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)
WELL_FORMED = st.one_of(*(st.from_regex(pattern, fullmatch=True) for pattern in PATTERNS.values()))
SPOILED = st.builds(
    lambda text, place, piece: text[:place] + piece + text[place:], WELL_FORMED, st.integers(0, 45), st.sampled_from(PIECES)
)


def taken(kind: TypeAdapter[Any], text: str) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return False
    return True


def of_the_pattern(name: str, text: str) -> bool:
    if name == "Interface" and "/" not in text:
        # One without a prefix length has a finding of its own.
        name = "Address"
    return re.fullmatch(PATTERNS[name][1:-1], text) is not None


@given(text=st.one_of(LIKE_ADDRESSES, WELL_FORMED, SPOILED))
def test_the_program_takes_what_the_schema_s_pattern_takes(text: str) -> None:
    for name, kind in KINDS.items():
        matches, tried = of_the_pattern(name, text), text
        if matches and name in ("Network", "Network6"):
            # No pattern can tell a network's first address from the others.
            tried = f"{'.'.join('0000') if name == 'Network' else '::'}/{text.partition('/')[2]}"
        assert taken(kind, tried) == matches, name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Address", "fd00::1%eth0"),
        ("Address", "192.168.1.010"),
        ("Address", "192.168.1.1/24"),
        ("Interface", "192.168.1.1/024"),
        ("Interface", "192.168.1.1/255.255.255.0"),
        ("Interface", "fd00::1%eth0/64"),
        ("Network", "10.0.0.0"),
        ("Network", "10.0.0.0/0.255.255.255"),
        ("Network6", "fd00::/"),
    ],
)
def test_what_ipaddress_alone_would_take(name: str, text: str) -> None:
    assert not taken(KINDS[name], text)
