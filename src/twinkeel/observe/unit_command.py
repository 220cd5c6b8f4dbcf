"""What a systemd unit starts: its command line with the environment put in. Pure."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

PROPERTIES = "--property=LoadState,ExecStart,Environment,EnvironmentFiles"
_START = re.compile(r"\{ path=\S+ ; argv\[\]=(.*?) ; ignore_errors=")
_FILE = re.compile(r"(.*?)(?: \(ignore_errors=\w+\))?")
# systemd.service(5), "Command lines": ${NAME} is one word, $NAME as a word of its own is as many as it holds.
_BRACED = re.compile(r"\$\{(\w+)\}")
_WHOLE = re.compile(r"\$(\w+)")


def properties(output: str) -> dict[str, list[str]]:
    """What `systemctl show` printed: every value of every property."""
    found: dict[str, list[str]] = {}
    for line in output.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found.setdefault(name, []).append(value)
    return found


def environment_files(unit: Mapping[str, Sequence[str]]) -> list[str]:
    """The files that its environment is read from, in order."""
    return [match[1] for value in unit.get("EnvironmentFiles", ()) if (match := _FILE.fullmatch(value)) and match[1]]


def environment(unit: Mapping[str, Sequence[str]], files: Sequence[str]) -> dict[str, str]:
    """Its environment; `files` are the texts of environment_files, which count more than the unit itself."""
    pairs = [word for value in unit.get("Environment", ()) for word in _words(value)]
    pairs += [assignment for text in files for assignment in _assignments(text)]
    return {name: value for name, equals, value in (pair.partition("=") for pair in pairs) if equals}


def command(unit: Mapping[str, Sequence[str]], values: Mapping[str, str]) -> list[str]:
    """The words that it starts, program first; none where it starts nothing."""
    started = [match[1] for value in unit.get("ExecStart", ()) for match in _START.finditer(value)]
    return [word for each in _words(started[-1]) for word in _expanded(each, values)] if started else []


def option_values(argv: Sequence[str], *names: str) -> list[str]:
    """The values of an option: `-f VALUE`, `-fVALUE`, `--use-file=VALUE`."""
    found = []
    words = iter(argv[1:])
    for word in words:
        if word in names:
            found += [value for value in [next(words, "")] if value]
            continue
        for name in names:
            start = f"{name}=" if name.startswith("--") else name
            if word.startswith(start) and len(word) > len(start):
                found.append(word.removeprefix(start))
    return found


def _expanded(word: str, values: Mapping[str, str]) -> list[str]:
    whole = _WHOLE.fullmatch(word)
    if whole:
        return _words(values.get(whole[1], ""))
    return [_BRACED.sub(lambda found: values.get(found[1], ""), word).replace("$$", "$")]


def _assignments(text: str) -> Iterator[str]:
    for line in text.splitlines():
        stripped = line.strip()
        if stripped and stripped[0] not in "#;":
            yield "".join(_words(stripped)) if "'" in stripped or '"' in stripped else stripped


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
