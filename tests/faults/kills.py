"""Kills: kill -9 when a run comes to a system call, and at any time; readers search meanwhile.

Between two of its calls that change something the disk stays as it is, so the states that a kill
can leave are those before each such call. A kill counts when the run has ended by signal 9.
"""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .figures import Figures, scratch
from .indexer import Indexer, Indexers
from .scenarios import Scenario
from .strace import Call

_KILLED = -signal.SIGKILL


def at_calls(
    indexers: Indexers,
    scenario: Scenario,
    points: Sequence[Call],
    folder: Path,
    seed: int,
    planted: str = "",
) -> Figures:
    """A run killed at each of *points* in turn."""
    figures = Figures(f"kills, {scenario.name}", seed)

    def kill(indexer: Indexer, point: Call) -> None:
        with scratch(folder, f"kill-{point.name}-{point.number}") as place:
            index, fault = scenario.copy(place / "index"), f"killed at {point}"
            options = point.killing(place / "log")
            with figures.watched(scenario, index, fault):
                outcome = scenario.run(indexer, index, strace=options, planted=planted)
            _after(figures, indexer, scenario, index, outcome.code, fault)

    indexers.each(kill, points)
    return figures


def at_random(
    indexers: Indexers, scenario: Scenario, count: int, folder: Path, seed: int
) -> Figures:
    """So many runs killed at random times."""
    figures = Figures(f"kills at random times, {scenario.name}", seed)
    chance = random.Random(f"{seed} {scenario.name}")
    started = time.monotonic()
    with indexers.one() as indexer, scratch(folder, "timed") as place:
        scenario.run(indexer, scenario.copy(place / "index"))
    longest = (time.monotonic() - started) * 1.2
    times = [chance.uniform(0, longest) for _ in range(count)]

    def kill(indexer: Indexer, after: float) -> None:
        with scratch(folder, f"kill-{after}") as place:
            index, fault = scenario.copy(place / "index"), f"killed after {after:.4f} s"
            with figures.watched(scenario, index, fault):
                outcome = scenario.run(indexer, index, kill_after=after)
            _after(figures, indexer, scenario, index, outcome.code, fault)

    indexers.each(kill, times)
    return figures


def of_the_command(
    indexers: Indexers, scenario: Scenario, count: int, folder: Path, seed: int
) -> Figures:
    """So many runs of the command itself, with its workers, killed at random times."""
    figures = Figures(f"kills of the command, {scenario.name}", seed)
    chance = random.Random(f"{seed} {scenario.name}")

    def kill(indexer: Indexer, after: float) -> None:
        with scratch(folder, f"kill-{after}") as place:
            index, fault = scenario.copy(place / "index"), f"killed after {after:.4f} s"
            command = [
                sys.executable,
                "-m",
                "searchsvc",
                *scenario.arguments(index, scenario.command),
            ]
            with (
                figures.watched(scenario, index, fault),
                subprocess.Popen(
                    command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                ) as process,
            ):
                time.sleep(after)
                process.kill()
            _after(figures, indexer, scenario, index, process.returncode, fault)

    indexers.each(kill, [chance.uniform(0.4, 1.6) for _ in range(count)])
    return figures


def _after(
    figures: Figures, indexer: Indexer, scenario: Scenario, index: Path, code: int, fault: str
) -> None:
    if code == _KILLED:
        figures.count("fired")
        figures.judge(scenario, index, fault)
    else:
        figures.count("missed")
        figures.check_acknowledged(scenario, index, code, fault)
    figures.recover(indexer, scenario, index, fault)
