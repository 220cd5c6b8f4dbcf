"""A watch of the Kubernetes API: lists, and changes with their resource versions.

Resource versions of one kind of object grow and can be compared as numbers (etcd's revisions). A watch that goes on from the last
version that it was told of is told every change after it, or is refused with 410 Gone: then something may have been missed.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from twinkeel.drill.https import Connection, StatusError

GONE = 410


class GoneError(ValueError):
    """The API does not know any more what happened since that version."""

    def __init__(self) -> None:
        super().__init__("gone")


@dataclass(frozen=True)
class Change:
    """One object as it was after a change. A bookmark has a version and nothing else."""

    kind: str
    revision: int
    item: Mapping[str, Any]


async def list_all(connection: Connection, path: str, token: str) -> tuple[int, list[Mapping[str, Any]]]:
    """The version of a list and its items. Raises as Connection.ask."""
    headers = await connection.ask(path, token)
    answer = json.loads(b"".join([piece async for piece in connection.pieces(headers)]))
    try:
        return int(answer["metadata"]["resourceVersion"]), list(answer["items"])
    except (KeyError, TypeError) as error:
        raise ValueError("not a list of Kubernetes objects") from error


async def begin_watch(connection: Connection, path: str, token: str, revision: int) -> AsyncGenerator[Change, None]:
    """Watch what comes after a version; returns when the watch is established. Raises GoneError, and as Connection.ask."""
    question = f"{path}?watch=1&allowWatchBookmarks=true&resourceVersion={revision}"
    try:
        headers = await connection.ask(question, token)
    except StatusError as error:
        raise GoneError if error.status == GONE else error from error
    return _changes(connection, headers)


async def _changes(connection: Connection, headers: Mapping[str, str]) -> AsyncGenerator[Change, None]:
    """Ends when the API ends the watch."""
    rest = b""
    async for piece in connection.pieces(headers):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield _change(json.loads(line))


def _change(message: Any) -> Change:
    try:
        kind, item = message["type"], message["object"]
        if kind == "ERROR":
            raise GoneError if item.get("code") == GONE else StatusError(int(item.get("code", 0)))
        return Change(kind, revision_of(item), item)
    except (KeyError, TypeError) as error:
        raise ValueError("not a change of a Kubernetes object") from error


def revision_of(item: Mapping[str, Any]) -> int:
    """Of one object. Raises ValueError, KeyError or TypeError when it has none."""
    return int(item["metadata"]["resourceVersion"])
