"""Text of other people's files as it may be shown: with an asterisk for each letter of a secret. Pure.

As long as before, so that columns stay and what is underlined is what is meant.
"""

import re

# The secret is the last group. Quotes end where they began.
_VALUE = r"""("(?:\\.|[^"\\])*|'[^']*|(?:\\.|[^\s"'\\])+)"""
_NAME = r"(?:passw(?:or)?d|_pass|passphrase|secret|token|api[_-]?key)"
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Keepalived; HAProxy: `stats auth`, userlists.
        rf"(\bauth_pass\s+){_VALUE}",
        rf"(\bkey\s+\d{{1,3}}\s+(?:hex:)?){_VALUE}",
        rf"(\bstats\s+auth\s+[^\s:]{{1,200}}:){_VALUE}",
        rf"(\buser\s+\S{{1,200}}\s+(?:insecure-)?password\s+){_VALUE}",
        # HAProxy: variables whose names say it, and headers that are compared.
        rf"(\b(?:pre)?setenv\s+\S{{0,80}}(?:PASS|PW|TOKEN|SECRET|KEY)\S{{0,80}}\s+){_VALUE}",
        rf"(\bset-var(?:-fmt)?\s+\S{{0,80}}(?:pass|token|secret)\S{{0,80}}\s+(?:str\()?){_VALUE}",
        rf"(hdr\([\w-]{{0,80}}(?:token|auth|key|secret)[\w-]{{0,80}}\)\s+(?:-i\s+)?(?:-m\s+\w{{1,10}}\s+)?(?:--\s+)?){_VALUE}",
        # The name stays: curl -u admin:..., --user admin:..., https://admin:...@host/.
        r"((?:(?<!\S)-\w{0,20}u|--(?:proxy-)?user)[\s=]*\"[^\s\"':/]{1,200}:)([^\"]+)(?=\")",
        r"((?:(?<!\S)-\w{0,20}u|--(?:proxy-)?user)[\s=]*'[^\s\"':/]{1,200}:)([^']+)(?=')",
        rf"((?:(?<!\S)-\w{{0,20}}u|--(?:proxy-)?user)[\s=]*[\"']?[^\s\"':/]{{1,200}}:)(?!//){_VALUE}",
        r"(://[^/\s:@\"']{0,200}:)([^@\s\"'/]+)(?=@)",
        # A header on a command line, or in an http-check rule with its spaces escaped.
        r"(authorization[\"']?(?::|\\?\s)(?:\\?\s)*[\"']?(?:(?:bearer|basic|token|digest)\b(?:\\?\s)+)?)((?:\\.|[^\s\"'\\])+)",
        r"(\b(?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{8,})",
        rf"({_NAME}[\"']?\s*[=:]\s*){_VALUE}",
        rf"(--[\w-]{{0,40}}(?:pass(?:word)?|secret|token|bearer)\s+|\bredis-cli\b.{{0,200}}\s-a\s+){_VALUE}",
    )
)


# A variable or a command, not a password's hash (crypt(5): $5$..., $y$...).
_SHELL = re.compile(r"\$(?![0-9a-z]{1,3}\$)")
_LONGEST_QUOTED = 300
_CLOSING = re.compile(r"`[^\w`]*$")


def hidden(text: str) -> str:
    """The text without its secrets. What a shell fills in (`$PASSWORD`) is none, and stays."""
    for pattern in _SECRETS:
        text = pattern.sub(_covered, text)
    return text


def _covered(found: re.Match[str]) -> str:
    """A statement that we quote in backticks keeps the closing one, and the comma after it."""
    value, begin = found[2], found.start(2)
    end = _CLOSING.search(value) if "`" in value and found.string.count("`", max(0, begin - _LONGEST_QUOTED), begin) % 2 else None
    return found[1] + (_asterisks(value[: end.start()]) + end[0] if end and end.start() else _asterisks(value))


def _asterisks(value: str) -> str:
    quote = value[0] if value[0] in "\"'" else ""
    bare = value[len(quote) :]
    return value if _SHELL.match(bare) else quote + "*" * len(bare)
