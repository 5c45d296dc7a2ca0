"""Clocks that jump between writes: what is current stays, and the order is that of the numbers."""

import datetime as dt
import random
from pathlib import Path

from searchsvc.article import Article
from searchsvc.store import DirectoryStore

from .figures import Figures
from .world import content

_MINUTE, _DAY, _YEAR = 60.0, 86_400.0, 365 * 86_400.0
JUMPS = (0.0, 1.0, 14 * _MINUTE, 16 * _MINUTE, -_DAY, 10 * _YEAR, -10 * _YEAR)


class Clock:
    """A clock that can be set."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def jumps(engine: str, histories: int, writes: int, folder: Path, seed: int) -> Figures:
    """So many histories of so many writes, between which the clock jumps."""
    figures = Figures("clocks", seed)
    for number in range(histories):
        root = folder / f"clock-{number}"
        _history(figures, root, engine, writes, random.Random(f"{seed} {number}"))
    return figures


def _history(figures: Figures, root: Path, engine: str, writes: int, chance: random.Random) -> None:
    clock = Clock()
    lasting = DirectoryStore(root, engine, clock)
    last, jumped = 0, []
    for number in range(writes):
        jump = chance.choice(JUMPS)
        clock.now += jump
        jumped.append(jump)
        with DirectoryStore(root, engine, clock).write(fresh=chance.random() < 0.2) as draft:
            for place in range(3):
                draft.delete(f"a{place}")
                draft.add(_article(place, number))
        figures.count("fired")
        for reader in (lasting, DirectoryStore(root, engine, clock)):
            generation = reader.current()
            held = content(generation.engine)
            if held.count != 3 or generation.engine.get("a1") != _article(1, number):
                figures.wrong.append(f"after {jumped}: what was written last is not current")
            if int(generation.name) < last or generation.fallback:
                figures.wrong.append(f"after {jumped}: {generation.name} came after {last}")
        figures.count("new")
        last = int(generation.name)
        if damages := DirectoryStore(root, engine, clock).verify():
            figures.wrong.append(f"after {jumped}: damaged: {damages}")


def _article(place: int, number: int) -> Article:
    return Article(id=f"a{place}", title=f"Storm {number}", body="oil", date=dt.date(1987, 3, 1))
