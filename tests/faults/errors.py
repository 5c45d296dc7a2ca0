"""Errors: one system call of a run fails, or all of its kind from then on.

The run has to end with one line that names the cause, and must not be acknowledged unless it came
to its end all the same: a link that cannot be made is a copy, a file in the way stays for the next.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .figures import Figures, scratch
from .indexer import Indexer, Indexers, Outcome
from .scenarios import Scenario
from .strace import Call

CAUSES = {
    "ENOSPC": "No space left on device",
    "EIO": "Input/output error",
    "EACCES": "Permission denied",
    "EMFILE": "Too many open files",
}
# SQLite tells what it was doing, and keeps the system's error to itself.
_SQLITE = "disk I/O error|database or disk is full|unable to open database|readonly database"
_TANTIVY = "tantivy stopped writing in .* and does not say why"
# Calls for what is published: when one fails, there is nothing that could be relied on.
_NEEDED = ("write", "pwrite64", "writev", "fsync", "fdatasync", "ftruncate", "rename")
_PUBLISHED = re.compile(r"/draft/|/draft>|/CURRENT")


@dataclass(frozen=True)
class Failure:
    """A call that fails with an error, once or from then on."""

    call: Call
    error: str
    lasting: bool

    def __str__(self) -> str:
        return f"{self.error} {'from' if self.lasting else 'at'} {self.call}"


def is_fatal(failed: str, engine: str) -> bool:
    """Whether no run on *engine* can do without the call that *failed*, as strace tells it."""
    if engine == "tantivy" and "/draft/engine" in failed:
        return False  # it may be part of a merge, and segments stay if that fails
    name = re.search(r"(\w+)\(", failed)
    return bool(name and name[1] in _NEEDED and _PUBLISHED.search(failed))


def failures(points: Sequence[Call]) -> list[Failure]:
    """Every call with every error, once and lasting."""
    return [
        Failure(call, error, lasting)
        for call in points
        for error in CAUSES
        for lasting in (False, True)
    ]


def at_calls(
    indexers: Indexers,
    scenario: Scenario,
    chosen: Sequence[Failure],
    folder: Path,
    seed: int,
    planted: str = "",
) -> Figures:
    """A run with each failure in turn."""
    figures = Figures(f"errors, {scenario.name}", seed)

    def fail(indexer: Indexer, failure: Failure) -> None:
        with scratch(folder, "fail") as place:
            index, log = scenario.copy(place / "index"), place / "log"
            options = failure.call.failing(log, failure.error, failure.lasting)
            outcome = scenario.run(indexer, index, strace=options, planted=planted)
            lines = log.read_text("utf-8", "replace").splitlines()
            # Where an engine has threads of its own, it may be another call than the one chosen.
            failed = [line for line in lines if "(INJECTED)" in line]
            # A file of the corpus that cannot be opened is for the next run. On the way to it, step
            # by step, its folders are opened as paths only.
            if any("/corpus/" in line or "O_PATH" in line for line in failed):
                figures.count("fired")
            elif failed:
                figures.count("fired")
                cause = f"{CAUSES[failure.error]}|{_SQLITE}|{_TANTIVY}"
                fatal = any(is_fatal(line, scenario.engine) for line in failed)
                fault = f"{failure}: {failed[0][:200]}"
                after_failure(figures, scenario, index, outcome, cause, fault, fatal)
            else:
                figures.count("missed")
                figures.check_acknowledged(scenario, index, outcome.code, str(failure))
            figures.recover(indexer, scenario, index, str(failure))

    indexers.each(fail, chosen)
    return figures


def after_failure(
    figures: Figures,
    scenario: Scenario,
    index: Path,
    outcome: Outcome,
    cause: str,
    fault: str,
    is_fatal: bool = False,
) -> None:
    """What must hold when something failed: an honest exit code, a line that names the cause."""
    state = figures.judge(scenario, index, fault)
    if outcome.is_acknowledged:
        if state == "old":
            figures.wrong.append(f"{scenario.name}, {fault}: acknowledged, but not there")
        if is_fatal:
            figures.wrong.append(f"{scenario.name}, {fault}: acknowledged all the same")
        return
    lines = outcome.stderr.strip().splitlines()
    if len(lines) != 1 or not re.search(cause, lines[0]):
        said = lines[-1] if lines else "nothing"
        figures.wrong.append(
            f"{scenario.name}, {fault}: exit code {outcome.code}, {len(lines)} lines, says: {said}"
        )
