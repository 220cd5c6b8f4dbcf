"""What ends when Twinkeel takes a load balancer over that somebody else set up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ending:
    """One thing that a foreign file does and the rendered files do not. `place` is `path:line`.

    `replaced`: something of Twinkeel's does the same work from then on. Otherwise it is lost, and `apply` asks for a word first.
    """

    place: str
    what: str
    replaced: bool = False

    def __str__(self) -> str:
        """A line for a person."""
        return f"{self.place}: {self.what}"
