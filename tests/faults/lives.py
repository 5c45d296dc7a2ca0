"""Lives: one index through many steps of its corpus, most of them cut off by a kill at any time.

What was acknowledged last is kept here, outside the system. After a kill the index holds that or
the step that was being written; whichever it is counts from then on, and the next step begins
there, at times without any run in between.
"""

import random
import signal
import time
from dataclasses import replace
from pathlib import Path

from .figures import Figures
from .indexer import Indexer
from .scenarios import Follower, Scenario
from .world import Content, history

_KILLED = -signal.SIGKILL


def live(indexer: Indexer, engine: str, steps: int, folder: Path, seed: int) -> Figures:
    """An index through so many steps."""
    figures = Figures("kills through a life", seed)
    chance = random.Random(f"{seed} life")
    follower = Follower(folder / "life", engine, history(seed, steps))
    index, longest = follower.index, 0.1
    known: Content | None = None
    for step in range(steps):
        follower.move_to(indexer, step)
        scenario = replace(follower.scenario(f"step {step}"), before=known)
        if chance.random() < 0.2:
            scenario = replace(scenario, command="reindex")
        after = chance.uniform(0, longest)
        started = time.monotonic()
        with figures.watched(scenario, index, f"killed after {after:.4f} s"):
            outcome = scenario.run(indexer, index, kill_after=after)
        if outcome.code == _KILLED:
            figures.count("fired")
            known = _after_kill(figures, scenario, index, f"killed after {after:.4f} s")
        else:
            figures.count("missed")
            longest = time.monotonic() - started
            figures.check_acknowledged(scenario, index, outcome.code, "not killed")
            known = scenario.after
        if chance.random() < 0.5:
            figures.recover(indexer, replace(scenario, before=known), index, "killed")
            known = scenario.after
    return figures


def _after_kill(figures: Figures, scenario: Scenario, index: Path, fault: str) -> Content | None:
    state = figures.judge(scenario, index, fault)
    return scenario.after if state == "new" else scenario.before
