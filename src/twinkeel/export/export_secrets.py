"""Keeping passwords, and all that is made from them, out of rendered files: whole lines, put back when the project runs."""

from collections.abc import Mapping
from dataclasses import fields, replace

from twinkeel.render.files import RenderedFile, RenderedFiles
from twinkeel.spec.secrets import Secrets

PLACEHOLDER = "@@{}@@"


def other_secrets(secrets: Secrets) -> Secrets:
    """Passwords that differ from the given ones wherever there is one: what they change is what must be hidden."""
    given = {item.name: getattr(secrets, item.name) for item in fields(secrets)}
    return Secrets(**{name: None if value is None else "b" if value == "a" else "a" for name, value in given.items()})


def without_secrets(rendered: RenderedFiles, other: RenderedFiles, known: dict[str, str]) -> RenderedFiles:
    """The files with a placeholder line for every line that depends on a password.

    Args:
        other: the same files, rendered with `other_secrets`.
        known: by key, the lines that were taken out; grows. One line has one key, whatever files it is in.
    """
    hosts = {
        name: tuple(_hidden(file, twin, known) for file, twin in zip(files, other.hosts[name], strict=True))
        for name, files in rendered.hosts.items()
    }
    return replace(rendered, hosts=hosts)


def _hidden(file: RenderedFile, other: RenderedFile, known: dict[str, str]) -> RenderedFile:
    if file.content == other.content:
        return file
    pairs = zip(file.content.split("\n"), other.content.split("\n"), strict=True)
    return replace(file, content="\n".join(line if line == twin else PLACEHOLDER.format(_key(line, known)) for line, twin in pairs))


def _key(line: str, known: dict[str, str]) -> str:
    keys: Mapping[str, str] = {kept: key for key, kept in known.items()}
    key = keys.get(line, f"secret_{len(known) + 1}")
    known[key] = line
    return key
