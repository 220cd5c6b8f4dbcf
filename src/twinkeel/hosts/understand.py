"""What a host answered, where it need not be what our program prints: another program may stand there, or nothing good."""

from collections.abc import Callable
from typing import TypeVar

from twinkeel.errors import HostError

Value = TypeVar("Value")

SHOWN = 60
NONSENSE = (ValueError, LookupError, TypeError, AttributeError)
"""What taking apart a text raises that is not as it should be. Anything else is a defect of ours."""


def understand(parse: Callable[[str], Value], text: str, host: str) -> Value:
    """The value of a host's answer.

    Raises:
        HostError: it makes no sense.
    """
    try:
        return parse(text)
    except NONSENSE as error:
        # Of nonsense the beginning says enough. It may hold a file's content, so no more is shown.
        what = f"its answer makes no sense ({type(error).__name__}): {text.strip()[:SHOWN]!r}"
        hint = "log in as the same user: is `python3` what it should be, and does the shell print something by itself?"
        raise HostError(what, where=host, hint=hint) from error
