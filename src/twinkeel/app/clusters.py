"""One question to many clusters: each is asked by itself, a bounded number at once, and what one does holds up no other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from twinkeel.app.answered import Answered, refuse_same_names
from twinkeel.app.context import Context, OnFindings, build_context
from twinkeel.errors import HostError, TwinkeelError
from twinkeel.support.defect import HINT, keep_traceback

AT_ONCE = 10
"""Clusters that are asked at the same time, with five connections each: more would only wait for this machine's processor."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Opened:
    """A spec that is to be asked about: its context, or why there is none."""

    file: Path
    context: Context | TwinkeelError

    @property
    def name(self) -> str | None:
        """The cluster's name; None where the spec cannot be used."""
        return None if isinstance(self.context, TwinkeelError) else self.context.topology.name


def open_clusters(files: Sequence[Path], on_findings: OnFindings, *, reading: bool = False, renders: bool = False) -> list[Opened]:
    """The clusters of these specs; see `build_context`. Raises UsageError where two have the same name."""
    opened = [Opened(file, _context(file, on_findings, reading=reading, renders=renders)) for file in files]
    refuse_same_names([(each.name, each.file) for each in opened])
    return opened


async def ask_each(
    opened: Sequence[Opened], use_case: Callable[[Context], Awaitable[Result]], deadline: float
) -> list[Answered[Result]]:
    """What the use case says of each cluster, in their order. Its errors are answers.

    Args:
        deadline: seconds for one cluster, from when it is asked.
    """
    free = asyncio.Semaphore(AT_ONCE)

    async def ask(each: Opened) -> Answered[Result]:
        if isinstance(each.context, TwinkeelError):
            return Answered(each.file, None, each.context)
        async with free:
            return Answered(each.file, each.name, await _in_time(use_case(each.context), deadline))

    return list(await asyncio.gather(*(ask(each) for each in opened)))


async def _in_time(asked: Awaitable[Result], deadline: float) -> Result | TwinkeelError:
    task = asyncio.ensure_future(asked)
    done, _ = await asyncio.wait({task}, timeout=deadline)
    if not done:
        # Not waited for: a connection that is dead may take its time to end.
        task.cancel()
        hint = "its hosts may hang: ask about this spec alone"
        return HostError(f"the cluster did not answer within {deadline:g} s", hint=hint)
    try:
        return task.result()
    except TwinkeelError as error:
        return error
    except Exception as error:
        # The other clusters' answers are no less good. It must not pass for a host's fault, though.
        what = f"this is a defect in Twinkeel, or what its hosts reported makes no sense ({type(error).__name__})"
        return HostError(what, where=keep_traceback(error), hint=HINT)


def _context(file: Path, on_findings: OnFindings, *, reading: bool, renders: bool) -> Context | TwinkeelError:
    try:
        return build_context(file, on_findings, reading=reading, renders=renders)
    except TwinkeelError as error:
        return error
