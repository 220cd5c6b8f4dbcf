"""Why a connection did not come about, in words for a person: asyncio's hold numbers and Python's tuples."""

import errno
import os
import re

_WORDS = {errno.ECONNREFUSED: "the connection is refused"}
_NUMBER = re.compile(r"\[Errno (\d+)\]")


def connection_trouble(error: OSError) -> str:
    """One line. Of several attempts (a name with more than one address) every reason, once."""
    if "Connect call failed" not in str(error):
        return error.strerror or str(error) or type(error).__name__
    numbers = dict.fromkeys(int(number) for number in _NUMBER.findall(str(error)))
    return "; ".join(_WORDS.get(number, os.strerror(number)) for number in numbers)
