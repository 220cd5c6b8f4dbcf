"""A reading command about several specs: one table, one JSON object, one exit code.

The object is {"exit_code", "clusters": [{"name", "file", "exit_code", "result"}]}: `result` is what the command prints of that spec
alone; instead of it stands `error`, {"what", "where", "hint"}, where the command about that spec alone would have ended with one.
`name` is null where the spec cannot be read. The exit code is the greatest of the clusters'. Where specs do not go together
(`check` of two that name their cluster alike), `error` stands beside `clusters`, too, and counts.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from twinkeel.app.answered import Answered
from twinkeel.errors import EXIT_GOOD, TwinkeelError

if TYPE_CHECKING:
    from twinkeel.app.context import Context

Result = TypeVar("Result")


@dataclass(frozen=True)
class View(Generic[Result]):
    """How a command shows one cluster among others.

    `code` is the exit code that the result has alone, `as_json` its object; `summary` is a few words for the table, `details` are
    the lines that stand below it.
    """

    command: str
    code: Callable[[Result], int]
    as_json: Callable[[Result], Any]
    summary: Callable[[Result], str]
    details: Callable[[Result], Sequence[str]]


def ask_many(
    specs: Sequence[Path],
    use_case: "Callable[[Context], Awaitable[Result]]",
    *,
    deadline: float,
    reading: bool = False,
    renders: bool = False,
) -> list[Answered[Result]]:
    """What the use case says of each spec's cluster. Raises UsageError where two have the same name."""
    from twinkeel.app.clusters import ask_each, open_clusters
    from twinkeel.cli.load import show_findings
    from twinkeel.cli.run_async import run

    opened = open_clusters(specs, show_findings, reading=reading, renders=renders)
    return run(ask_each(opened, use_case, deadline))


def code_of(view: View[Result], answers: Sequence[Answered[Result]], error: TwinkeelError | None = None) -> int:
    """The greatest exit code of the clusters', and of what is wrong with all of them together."""
    return max((error.exit_code if error else EXIT_GOOD, *(_code(view, each.result) for each in answers)))


def many_json(view: View[Result], answers: Sequence[Answered[Result]], error: TwinkeelError | None = None) -> dict[str, Any]:
    """The object that `--format json` prints of several specs."""
    code, clusters = code_of(view, answers, error), [_cluster_json(view, each) for each in answers]
    return {"exit_code": code, "clusters": clusters, **({"error": _error_json(error)} if error else {})}


def show_many(view: View[Result], answers: Sequence[Answered[Result]], *, as_json: bool, error: TwinkeelError | None = None) -> int:
    """Print the answers; returns the exit code. `error` is what is wrong with the specs together."""
    if as_json:
        import json

        print(json.dumps(many_json(view, answers, error)), flush=True)
    else:
        for line in many_lines(view, answers, error):
            print(line)
    return code_of(view, answers, error)


def many_lines(view: View[Result], answers: Sequence[Answered[Result]], error: TwinkeelError | None = None) -> list[str]:
    """A table with a line for each cluster, then what is to say of each, then how to learn more."""
    lines = table_lines(view, answers)
    lines += [f"{name_of(each)}: {line}" for each in answers for line in details_of(view, each)]
    worse = [each for each in answers if _code(view, each.result) != EXIT_GOOD]
    if worse:
        lines.append(f"more about one: twinkeel {view.command} -f {worse[0].file}")
    count = f"{len(answers)} cluster{'s' if len(answers) != 1 else ''}"
    return [*lines, f"{count}: {len(answers) - len(worse)} good, {len(worse)} not (exit code {code_of(view, answers, error)})"]


def table_lines(view: View[Result], answers: Sequence[Answered[Result]]) -> list[str]:
    """The table alone, with its header."""
    width = max(len("cluster"), *(len(name_of(each)) for each in answers))
    rows = [f"{name_of(each):<{width}}  {_code(view, each.result)}     {_summary(view, each.result)}" for each in answers]
    return [f"{'cluster':<{width}}  code  {view.command}", *rows]


def name_of(each: Answered[Result]) -> str:
    """What a cluster is called in the table: its file's name where the spec cannot be read."""
    return each.name or each.file.name


def _code(view: View[Result], result: Result | TwinkeelError) -> int:
    return result.exit_code if isinstance(result, TwinkeelError) else view.code(result)


def _summary(view: View[Result], result: Result | TwinkeelError) -> str:
    return result.what if isinstance(result, TwinkeelError) else view.summary(result)


def details_of(view: View[Result], each: Answered[Result]) -> Sequence[str]:
    """What is to say of one cluster beside its row."""
    if not isinstance(each.result, TwinkeelError):
        return view.details(each.result)
    return [f"{word}: {text}" for word, text in (("where", each.result.where), ("hint", each.result.hint)) if text]


def _cluster_json(view: View[Result], each: Answered[Result]) -> dict[str, Any]:
    entry = {"name": each.name, "file": str(each.file), "exit_code": _code(view, each.result)}
    if isinstance(each.result, TwinkeelError):
        return {**entry, "error": _error_json(each.result)}
    return {**entry, "result": view.as_json(each.result)}


def _error_json(error: TwinkeelError) -> dict[str, str]:
    return {"what": error.what, "where": error.where, "hint": error.hint}
