"""Running a use case that changes load balancers, with its progress and its result on the screen."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from twinkeel.app.context import Context
from twinkeel.cli.apply_progress import ApplyProgress
from twinkeel.cli.run_async import run

Result = TypeVar("Result")


def show_work(
    context: Context,
    title: str,
    use_case: Callable[[Context], Coroutine[Any, Any, Result]],
    sentence: Callable[[Result], str],
    *,
    as_json: bool,
    hosts: Sequence[str] = (),
) -> Result:
    """The use case's result, once it is shown.

    Args:
        title: what is done, for the table's header.
        use_case: is given the context with somebody who listens to its events.
        sentence: the result for a person; with `as_json` its fields are shown instead.
        hosts: names of the hosts that will be worked on, as far as they are known.
    """
    with ApplyProgress(title, as_json=as_json, hosts=hosts, log=context.log) as progress:
        result = run(use_case(context.reporting_to(progress.show)))
        progress.finish(result, sentence(result))
    return result
