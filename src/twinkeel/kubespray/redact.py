"""Keeping secrets out of logs and messages."""

import re

HIDDEN = "(hidden)"

_KEYS = r"(?:password|passwd|secret|token|certificate[_-]?key|encrypt[_-]token|private[_-]?key|client-key-data)"
_PATTERNS = (
    # A private key in PEM, also with its line breaks escaped as in JSON.
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL), HIDDEN),
    (re.compile(r"(Bearer\s+)[A-Za-z0-9._~+/=-]{8,}"), rf"\1{HIDDEN}"),
    # kubeadm's bootstrap tokens, wherever they stand.
    (re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b"), HIDDEN),
    # JSON: "…token": "value".
    (re.compile(rf'("(?:[\w.-]*{_KEYS}[\w.-]*|auth)"\s*:\s*)"(?:[^"\\]|\\.)+"', re.IGNORECASE), rf'\1"{HIDDEN}"'),
    # Options and assignments: --certificate-key VALUE, token=VALUE, password: VALUE.
    (
        re.compile(rf"(--?[\w-]*{_KEYS}[\w-]*[ =]|\b[\w.-]*{_KEYS}[\w.-]*\s*[=:]\s*)(?![\s\"'{{(])[^\s\"',;}}\\]+", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(://[^/\s:@\"]+:)[^@\s\"]+@"), rf"\1{HIDDEN}@"),
)


def redact(text: str) -> str:
    """The text with private keys, tokens, passwords and their like replaced by `(hidden)`."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
