"""Who may look: anybody on the loopback address, elsewhere whoever has the token. Nothing here can be changed by anybody."""

import hashlib
import hmac
import ipaddress
import os
import stat
import time
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from twinkeel.errors import UsageError

VARIABLE = "TWINKEEL_SERVE_TOKEN"
SHORTEST = 16
LARGEST = 4096
COOKIE = "twinkeel"
COOKIE_AGE = 7 * 24 * 3600
HINT = "`openssl rand -hex 32` makes one"


class Token:
    """The secret of those who may look. It is never shown, not even by a traceback."""

    def __init__(self, text: str) -> None:
        self._secret = text.encode()

    def __repr__(self) -> str:
        return "Token(***)"

    def is_(self, given: str) -> bool:
        """Whether somebody gave it. Takes the same time whatever was given."""
        return hmac.compare_digest(hashlib.sha256(given.encode(errors="replace")).digest(), hashlib.sha256(self._secret).digest())

    def cookie(self) -> str:
        """What a browser keeps instead of it: good for `COOKIE_AGE` seconds, and as long as the token is the same."""
        issued = str(int(time.time()))
        return f"{issued}.{self._sign(issued)}"

    def is_cookie(self, given: str) -> bool:
        """Whether `cookie` made it not too long ago. A clock that was set back by more than a day ends it, too."""
        issued, _, signature = given.partition(".")
        if not hmac.compare_digest(signature.encode(errors="replace"), self._sign(issued).encode()) or not issued.isdecimal():
            return False
        return -24 * 3600 < time.time() - int(issued) < COOKIE_AGE

    def _sign(self, issued: str) -> str:
        return hmac.new(self._secret, f"twinkeel serve {issued}".encode(errors="replace"), hashlib.sha256).hexdigest()


def read_token(file: Path | None, environment: Mapping[str, str]) -> Token | None:
    """The token of a private file, or else of the environment; None where there is neither.

    Raises:
        UsageError: the file cannot be read, or others can read it, or the token is too short to be a secret.
    """
    if file is None:
        text, where = environment.get(VARIABLE, ""), VARIABLE
        if not text:
            return None
    else:
        text, where = _private(file), str(file)
    text = text.strip()
    if len(text) < SHORTEST or not text.isascii() or not text.isprintable() or " " in text:
        what = f"the token must have at least {SHORTEST} characters, of ASCII's and without spaces"
        raise UsageError(what, where=where, hint=HINT)
    return Token(text)


def _private(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            data = opened.read(LARGEST)
    except OSError as error:
        raise UsageError(f"the token cannot be read: {error.strerror}", where=str(file), hint=HINT) from error
    if mode & 0o077:
        raise UsageError(f"others can read the token (mode {mode:04o})", where=str(file), hint=f"chmod 600 {file}")
    return data.decode(errors="replace")


def may_read(token: Token | None, headers: Mapping[str, str]) -> bool:
    """Whether a request may be answered: `Authorization: Bearer TOKEN`, or the cookie of a browser that gave the token.

    Without a token only who asks for this machine by a loopback name: a page of somebody else, whose name was made to lead to
    127.0.0.1 (DNS rebinding), asks for its own.
    """
    if token is None:
        return _is_loopback(headers.get("host", ""))
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.is_(given.strip()):
        return True
    return token.is_cookie(_cookie(headers.get("cookie", "")))


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    return is_loopback_address(name.strip("[]"))


def is_loopback_address(address: str) -> bool:
    """Whether nobody but this machine reaches an address. Of names only `localhost` is known to be one."""
    if address.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
