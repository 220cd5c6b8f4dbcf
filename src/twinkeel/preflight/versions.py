"""Versions of packages, as package managers write them."""

import re

from twinkeel.vip.daemon import Version


def parse_version(text: str) -> Version:
    """The upstream numbers of a package's version: `1:2.2.7-1+b2` gives (2, 2, 7). Empty when there are none."""
    found = re.match(r"(?:\d+:)?v?(\d+(?:\.\d+)*)", text.strip())
    return tuple(int(part) for part in found[1].split(".")) if found else ()
