"""One line that differs between a pair's files and the rendered ones."""

from dataclasses import dataclass

from twinkeel.liveconfig.words import Place


@dataclass(frozen=True, slots=True)
class Change:
    """A line of one side that the other side lacks, or says otherwise.

    `context` is where it stands (global, defaults, frontend, backend, server, global_defs, vrrp_instance, ...) and its keyword;
    `text` is the line as it stands, which may hold a secret. `other` is what the other side says of the same, empty where nothing.
    """

    place: Place
    context: tuple[str, ...]
    text: str
    other: str = ""
    other_place: Place | None = None
