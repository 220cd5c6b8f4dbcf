"""The variables that a checkout's roles set, wherever the release keeps them. Nothing is templated."""

import re
from collections.abc import Collection, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

# Ansible's own order: a role's vars win over its defaults. Old releases kept what they download in a role of its own.
_PLACES = ("roles/kubespray[-_]defaults/vars", "roles/kubespray[-_]defaults/defaults", "roles/download/defaults")
_TOP_KEY = re.compile(r"^([A-Za-z_]\w*):", re.MULTILINE)


def read_variables(checkout: Path, names: Collection[str]) -> dict[str, Any]:
    """Those of the names that are set, as they are written: each scalar is a text. Files that cannot be read are passed over."""
    found: dict[str, Any] = {}
    for path in _files(checkout):
        text = read_text(path)
        wanted = {name: block for name, block in _blocks(text) if name in names and name not in found}
        for name, block in wanted.items():
            values = read_yaml(block)
            if isinstance(values, dict):
                found[name] = values.get(name)
    return found


def read_yaml(text: str) -> Any:
    """What a YAML text holds, each scalar as it is written (2.20 is no number); None when it is no YAML."""
    try:
        return YAML(typ="base").load(text)
    except (YAMLError, ValueError, RecursionError):
        return None


def read_text(path: Path) -> str:
    """A file's text; empty when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _files(checkout: Path) -> Iterator[Path]:
    for place in _PLACES:
        for folder in sorted(checkout.glob(place)):
            yield from sorted(folder.rglob("*.y*ml"))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Each top key with its lines: these files are long, and reading all of one as YAML takes seconds."""
    keys = list(_TOP_KEY.finditer(text))
    for key, following in zip_longest(keys, keys[1:]):
        yield key[1], text[key.start() : following.start() if following else len(text)]
