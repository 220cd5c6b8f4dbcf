"""A word of HAProxy's with a slip in it."""

from collections.abc import Iterator, Sequence
from itertools import islice

from twinkeel.audit.rule import Example, Finding, Rule, at, each_haproxy
from twinkeel.liveconfig.haproxy_keywords import OPTIONS, PROXY, SERVER_FLAGS, SERVER_VALUES, TIMEOUTS
from twinkeel.liveconfig.haproxy_model import HaproxyConfig
from twinkeel.liveconfig.words import Word

_SERVER = SERVER_FLAGS | SERVER_VALUES
_SECOND = {"option": OPTIONS, "timeout": TIMEOUTS}
# Where the parameters of a server begin.
_PARAMETERS = {"server": 3, "server-template": 4, "default-server": 1}
_SHORTEST, _LONGEST = 4, 60
"""Letters: nearly every shorter word is one slip away from another."""
MOST = 20
"""A file with more of them is another program's: it need not be told word by word."""


def check(config: HaproxyConfig) -> Iterator[Finding]:
    return islice(_everywhere(config), MOST)


def _everywhere(config: HaproxyConfig) -> Iterator[Finding]:
    for section in config.file.of_kind("defaults", "frontend", "backend", "listen"):
        for line in section.lines:
            words = line.words[1:] if line.keyword == "no" else line.words
            found = None if line.conditions else _slip(words)
            if found is not None:
                word, meant = found
                yield at(word, f"HAProxy does not start with `{word.text}`: did you mean `{meant}`?")


def _slip(words: Sequence[Word]) -> tuple[Word, str] | None:
    """The first word of a line that is not HAProxy's, and the one that it is nearly."""
    if not words:
        return None
    first = words[0].text
    if first not in PROXY:
        return _near(words[0], PROXY)
    if first in _SECOND and len(words) > 1:
        return _near(words[1], _SECOND[first])
    return _slip_of_server(words[_PARAMETERS[first] :]) if first in _PARAMETERS else None


def _slip_of_server(parameters: Sequence[Word]) -> tuple[Word, str] | None:
    place = 0
    while place < len(parameters):
        text = parameters[place].text
        if text not in _SERVER:
            # What comes after it may be its value: no more is looked at.
            return _near(parameters[place], _SERVER)
        place += 1 if text in SERVER_FLAGS else 2
    return None


def _near(word: Word, known: frozenset[str]) -> tuple[Word, str] | None:
    """With the known word that is one slip away; None for a known word, and for one that may be of a version to come."""
    text = word.text
    if text in known or "$" in text or not _SHORTEST <= len(text) <= _LONGEST:
        return None
    meant = min((each for each in known if is_slip(text, each)), default=None)
    return (word, meant) if meant else None


def is_slip(text: str, meant: str) -> bool:
    """Whether one letter is missing, too many or wrong, or two neighbours are swapped."""
    if abs(len(text) - len(meant)) > 1:
        return False
    same = next((n for n, (one, other) in enumerate(zip(text, meant, strict=False)) if one != other), min(len(text), len(meant)))
    rest, wanted = text[same:], meant[same:]
    return rest != wanted and (
        rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:] or rest[1::-1] + rest[2:] == wanted
    )


RULE = Rule(
    name="misspelt-keyword",
    severity="error",
    what="a word in `defaults`, `frontend`, `backend` or `listen`, a name after `option` or `timeout`, or a server's parameter, "
    "that HAProxy does not know, and that is one letter, or two swapped ones, away from one that it knows.",
    why="HAProxy refuses the whole file: a reload leaves the old configuration in force, and the next boot has no HAProxy.",
    fix="the right word; `haproxy -c` names each one",
    source="HAProxy 2.6.12, run; words of 2.0 to 3.3",
    bad=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    «optoin» httpchk GET /readyz
    timeout «conect» 5s
    server master-1 192.168.1.101:6443 «chek»
    server master-2 192.168.1.102:6443 check
""",
        checker_complains=True,
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option httpchk GET /readyz
    timeout connect 5s
    server master-1 192.168.1.101:6443 check
    server master-2 192.168.1.102:6443 check
"""
    ),
    check=each_haproxy(check),
)
