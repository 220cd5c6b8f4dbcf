"""How long work shows itself: a bar on a terminal, a line a step elsewhere. Always on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET = 5_000_000_000  # Nanoseconds between two lines about the same kind of work.


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[str, float], None]]:
    """Yields the function that work calls with what it does and how far it is (0 to 1)."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(file=sys.stderr, emoji=False)
    if not console.is_terminal:
        yield _line_by_line(title)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda text, fraction: bar.update(task, description=f"{title}: {text}", completed=fraction)


def _line_by_line(title: str) -> Callable[[str, float], None]:
    """A line when another kind of work begins (told by its first word), else one every few seconds: a log to read."""
    last, shown_at = "", 0

    def show(text: str, fraction: float) -> None:
        nonlocal last, shown_at
        now = time.monotonic_ns()
        if text == last or (text.split()[:1] == last.split()[:1] and now - shown_at < QUIET):
            return
        percent = f" ({fraction:.0%})" if 0 < fraction < 1 else ""
        print(f"{title}: {text}{percent}", file=sys.stderr, flush=True)
        last, shown_at = text, now

    return show
