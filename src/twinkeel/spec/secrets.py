"""The passwords that a spec asks for: from a private file, or from the environment. No message ever holds one.

| the spec says | needs the secret | environment variable |
|---|---|---|
| `failover.authentication: password` | `vrrp_password` | TWINKEEL_VRRP_PASSWORD |
| `failover.authentication: hmac` | `vrrp_key` | TWINKEEL_VRRP_KEY |
| `endpoint.bgp.authentication: md5` | `bgp_password` | TWINKEEL_BGP_PASSWORD |
| `haproxy.metrics.user: NAME` | `metrics_password` | TWINKEEL_METRICS_PASSWORD |
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from twinkeel.errors import SpecError
from twinkeel.source import SourceFile
from twinkeel.spec.document import DocumentError, parse
from twinkeel.spec.model import ClusterSpec

MAX_BYTES = 1 << 16


@dataclass(frozen=True)
class Secrets:
    """The passwords; None where there is none."""

    vrrp_password: str | None = None
    metrics_password: str | None = None
    vrrp_key: str | None = None
    bgp_password: str | None = None

    def __repr__(self) -> str:
        """Which ones there are, never what they are: a secret must not reach a log through a traceback."""
        quoted = ", ".join(f"{item.name}={'None' if getattr(self, item.name) is None else '***'}" for item in fields(self))
        return f"Secrets({quoted})"


@dataclass(frozen=True)
class _Kind:
    """One secret: what it may be, in a pattern and in words, and the key of the spec that needs it."""

    key: str
    variable: str
    pattern: str
    allowed: str
    needed_by: str


# VRRP takes eight characters of auth_pass and drops the rest; # and ! begin its comments, $ @ ~ { } mean something to it.
# HAProxy ends a word at blanks and #, and reads quotes, backslashes and $ in its own way.
_KINDS = (
    _Kind(
        "vrrp_password",
        "TWINKEEL_VRRP_PASSWORD",
        r"[A-Za-z0-9%&()*+,./:;<=>?^_|-]{1,8}",
        "1 to 8 letters, digits and % & ( ) * + , - . / : ; < = > ? ^ _ |",
        "failover.authentication",
    ),
    _Kind(
        "metrics_password",
        "TWINKEEL_METRICS_PASSWORD",
        r"[A-Za-z0-9!%&()*+,./:;<=>?@^_{|}~-]{1,128}",
        "1 to 128 letters, digits and ! % & ( ) * + , - . / : ; < = > ? @ ^ _ { | } ~",
        "haproxy.metrics.user",
    ),
    _Kind(
        "vrrp_key",
        "TWINKEEL_VRRP_KEY",
        r"(?:[0-9A-Fa-f]{2}){32,64}",
        "64 to 128 hexadecimal digits, as `openssl rand -hex 32` makes them",
        "failover.authentication",
    ),
    # FRR takes the rest of the line; a TCP signature's key has 80 octets in Linux (TCP_MD5SIG_MAXKEYLEN).
    _Kind(
        "bgp_password",
        "TWINKEEL_BGP_PASSWORD",
        r"[A-Za-z0-9%&()*+,./:;<=>^_-]{1,80}",
        "1 to 80 letters, digits and % & ( ) * + , - . / : ; < = > ^ _",
        "endpoint.bgp.authentication",
    ),
)


def secrets_path(spec: ClusterSpec, spec_folder: Path) -> Path:
    """Where the spec's passwords are kept; the file need not exist."""
    return spec_folder / Path(spec.secrets_file).expanduser()


def load_secrets(path: Path | None, environment: Mapping[str, str]) -> Secrets:
    """The passwords in the file at `path`, each overridden by its environment variable. A file that is not there, or None, holds
    none.

    Raises SpecError when others than its owner can read the file, when it holds anything but `key: text` lines with keys that
    we know, or when a password has characters that the daemons cannot take.
    """
    given = _from_file(path) if path is not None else {}
    overriding = {kind.key: environment[kind.variable] for kind in _KINDS if environment.get(kind.variable)}
    for kind in _KINDS:
        if kind.key in overriding:
            _check(kind, overriding[kind.key], kind.variable)
        elif kind.key in given:
            _check(kind, given[kind.key], f"{kind.key} in {path}")
    return Secrets(**(given | overriding))


def require_secrets(spec: ClusterSpec, secrets: Secrets) -> None:
    """Raise SpecError, once for all of them, when the spec asks for passwords that there are not."""
    missing = [kind for kind in _needed(spec) if getattr(secrets, kind.key) is None]
    if missing:
        raise SpecError(
            "the spec asks for a password that is not set: " + ", ".join(f"`{kind.key}`" for kind in missing),
            where=", ".join(kind.needed_by for kind in missing),
            hint=f"write `{missing[0].key}: ...` to {spec.secrets_file} (mode 0600), or set {missing[0].variable}",
        )


def _needed(spec: ClusterSpec) -> Iterator[_Kind]:
    vrrp, metrics, key, bgp = _KINDS
    if spec.failover.authentication == "password":
        yield vrrp
    if spec.haproxy.metrics is not None and spec.haproxy.metrics.user is not None:
        yield metrics
    if spec.failover.authentication == "hmac":
        yield key
    if spec.endpoint.bgp is not None and spec.endpoint.bgp.authentication == "md5":
        yield bgp


def _from_file(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SpecError(f"the secrets file cannot be read: {error.strerror}", where=str(path)) from error
    if mode & 0o077:
        raise SpecError(f"others can read the secrets file (mode {mode:04o})", where=str(path), hint=f"chmod 600 {path}")
    if len(data) > MAX_BYTES:
        raise SpecError(f"the file is larger than {MAX_BYTES} bytes, so it holds no secrets", where=str(path))
    return _known(path, SourceFile(str(path), data.decode("utf-8-sig", errors="replace")))


_FORM = 'write lines like `vrrp_password: "..."`, with the value in quotes'


def _known(path: Path, source: SourceFile) -> dict[str, str]:
    if all(not line.strip() or line.lstrip().startswith("#") for line in source.text.splitlines()):
        return {}
    try:
        document = parse(source)
        found = document.diagnostics
    except DocumentError as error:
        found = error.diagnostics
    if found:
        # Neither the message nor the cause: both can quote the line.
        span = found[0].span
        place = f"{path}:{span.line}:{span.column}" if span else str(path)
        raise SpecError("the secrets file is not plain `key: text` lines", where=place, hint=_FORM) from None
    known = [kind.key for kind in _KINDS]
    for key, value in document.values.items():
        span = document.key_span((key,))
        if key not in known:
            # The key is not shown, either: a password on a line of its own can look like one.
            place = f"{path}:{span.line}:{span.column}"
            raise SpecError(
                "the secrets file has a key that Twinkeel does not know", where=place, hint=f"known: {', '.join(known)}"
            )
        if not isinstance(value, str):
            raise SpecError(f"`{key}` is not text", where=f"{path}:{span.line}:{span.column}", hint=_FORM)
    return dict(document.values)


def _check(kind: _Kind, value: str, where: str) -> None:
    if not re.fullmatch(kind.pattern, value, re.ASCII):
        raise SpecError(f"`{kind.key}` cannot be used as it is", where=where, hint=f"it may have {kind.allowed}")
