"""How long work shows itself: a bar on a terminal, a line a step elsewhere. Always on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[str, float], None]]:
    """Yields the function that work calls with what it does and how far it is (0 to 1)."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield _line_by_line(title)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda text, fraction: bar.update(task, description=f"{title}: {text}", completed=fraction)


def _line_by_line(title: str) -> Callable[[str, float], None]:
    last = ""

    def show(text: str, _fraction: float) -> None:
        nonlocal last
        if text != last:
            print(f"{title}: {text}", file=sys.stderr, flush=True)
            last = text

    return show
