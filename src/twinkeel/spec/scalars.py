"""What a single word of YAML means, and words that mean different things to different programs.

YAML 1.1 (which Ansible and most tools read) and YAML 1.2 (which this program reads) disagree about these. The spec accepts none.
"""

import re
from typing import NamedTuple

_BOOLEANS = {"true": True, "false": False}
_NULLS = ("", "~", "null", "Null", "NULL")
_OLD_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_OTHER_BASE = re.compile(r"[-+]?0[0-9_xob][0-9a-fA-F_]*")
_GROUPED = re.compile(r"[-+]?[0-9]+(_[0-9]+)+(\.[0-9_]+)?")
_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")
# A whole IPv6 address of digits alone has seven colons, and is one to every reader of this program.
_BASE_60 = re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9]){1,6}(\.[0-9]*)?")
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
# NUL and its like, DEL, the C1 controls, and halves of a surrogate pair: no configuration file can hold them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


class PlainNumber(str):
    """The text of a number that stands without quotes: `1.30` as it was written. `number` is what it means."""

    __slots__ = ()

    @property
    def number(self) -> int | float:
        """Its value."""
        return float(self) if "." in self else int(self)


class ScalarProblem(NamedTuple):
    """What is wrong with one word."""

    code: str
    message: str
    hint: str


def plain_value(text: str) -> str | bool | None:
    """The meaning of a word without quotes: true, false, nothing, or its text."""
    if text in _NULLS:
        return None
    if len(text) < 6 and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    return PlainNumber(text) if _NUMBER.fullmatch(text) else text


def scalar_problem(text: str, plain: bool, is_key: bool = False) -> ScalarProblem | None:
    """Why a word cannot stand in a spec; None when it can. `plain`: it stands without quotes."""
    if _UNPRINTABLE.search(text):
        return ScalarProblem("S001", "a control character, or half of one, is written here", "delete it")
    if not plain or not text:
        return None
    if len(text) < 4 and text.lower() in _OLD_BOOLEANS:
        meant = _OLD_BOOLEANS[text.lower()]
        message = f"`{text}` is {meant} to some programs and text to others"
        return ScalarProblem("S009", message, f'write "{text}" in quotes' if is_key else f'write {meant}, or as text: "{text}"')
    if not (text[0].isdigit() or text[0] in "+-"):
        return None
    return _number_problem(text)


def _number_problem(text: str) -> ScalarProblem | None:
    if any(form.fullmatch(text) for form in (_OTHER_BASE, _GROUPED, _EXPONENT)):
        message = f"`{text}` is not the same number to every program"
        return ScalarProblem("S008", message, f'write it in decimal, or as text: "{text}"')
    if _BASE_60.fullmatch(text):
        return ScalarProblem("S008", f"`{text}` is a number in base 60 to some programs", f'write it as text: "{text}"')
    return None
