"""Times and numbers as the daemons read them. Pure."""

import re

_HAPROXY_TIME = re.compile(r"(\d+)(us|ms|s|m|h|d)?")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1e-3}


def haproxy_seconds(text: str) -> float | None:
    """A time of haproxy.cfg in seconds: without a unit it is in milliseconds. None where it is not a time (a variable, a slip)."""
    match = _HAPROXY_TIME.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match else None


def number(text: str) -> float | None:
    """A number of keepalived.conf; None where it is none."""
    return float(text) if re.fullmatch(r"[+-]?\d+(\.\d*)?", text) else None


def whole_number(text: str) -> int | None:
    """A whole number; None where it is none."""
    return int(text) if re.fullmatch(r"[+-]?\d{1,9}", text) else None
