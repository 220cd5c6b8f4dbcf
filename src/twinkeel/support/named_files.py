"""Files that somebody named for us to read."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from twinkeel.errors import UsageError

_OF_THE_NAME = frozenset(
    (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)
)


@contextmanager
def named_files() -> Iterator[None]:
    """One that is not there, or that this user may not read, is wrong usage (UsageError); a broken disk stays an OSError."""
    try:
        yield
    except OSError as error:
        if error.errno not in _OF_THE_NAME or error.filename is None:
            raise
        raise UsageError(f"it cannot be read: {error.strerror}", where=str(error.filename)) from error
