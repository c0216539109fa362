"""Who is told how far a long read has come: a bar on the terminal, or nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from flows.steps import Progress, silent

_current: ContextVar[Progress] = ContextVar("progress", default=silent)


def current_progress() -> Progress:
    """The observer of this run."""
    return _current.get()


@contextmanager
def progress_bars() -> Iterator[None]:
    """Bars on standard error, one a source, while the body runs."""
    from rich.console import Console  # only a terminal needs it
    from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def show(source: str, done: int, total: int) -> None:
            if source not in tasks:
                tasks[source] = bars.add_task(source, total=total)
            bars.update(tasks[source], completed=done, total=total)

        token = _current.set(show)
        try:
            yield
        finally:
            _current.reset(token)
