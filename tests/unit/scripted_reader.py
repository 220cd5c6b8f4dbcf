"""Readers that answer as hosts did, for tests without hosts."""

from collections.abc import Callable, Sequence

from twinkeel.hosts.executor import CommandResult
from twinkeel.topology.model import Machine

Answer = Callable[[Machine, Sequence[str]], str]


class ScriptedReader:
    """A Reader whose commands succeed with what `answer` gives; it keeps what was asked. An exception is raised as it is."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.files: dict[str, bytes | Exception] = {}

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = 20) -> CommandResult:
        self.asked.append((machine.name, tuple(argv)))
        return CommandResult(machine.name, tuple(argv), 0, self.answer(machine, argv), "")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        found = self.files[path]
        if isinstance(found, Exception):
            raise found
        return found
