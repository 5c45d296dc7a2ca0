"""How far an update is, on stderr: a bar on a terminal, else a line every ten seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from searchsvc.report import Progress

_LINE_EVERY = 10.0  # seconds


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A function to tell the progress to, while the block lasts."""
    if sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield _lines()


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console  # a terminal is rare where commands run by night
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = [
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[articles]:,} articles"),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    ]
    started = time.monotonic()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, articles=0, rate=0.0)

        def tell(now: Progress) -> None:
            rate = now.articles / max(time.monotonic() - started, 0.001)
            bar.update(
                task,
                completed=now.bytes_done,
                total=now.bytes_total,
                articles=now.articles,
                rate=rate,
            )

        yield tell


def _lines() -> Callable[[Progress], None]:
    started = told = time.monotonic()

    def tell(now: Progress) -> None:
        nonlocal told
        if time.monotonic() - told < _LINE_EVERY:
            return
        told = time.monotonic()
        share = now.bytes_done / max(now.bytes_total, 1)
        rate = now.articles / (told - started)
        left = (told - started) * (1 - share) / share if share else None
        rest = f", about {left:.0f} s left" if left is not None else ""
        print(f"{share:4.0%}  {now.articles:,} articles, {rate:,.0f}/s{rest}", file=sys.stderr)

    return tell
