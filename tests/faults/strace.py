"""The system calls of a run, and how to make one of them go wrong.

strace counts the calls of each name apart, for each thread, and so do we. A run on Whoosh has one
thread; tantivy writes in threads of its own, whose calls do not come in the same order each time.
`--seccomp-bpf` is not used: it makes tracing faster and silently drops signals.
"""

import functools
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from .indexer import Indexer
from .scenarios import Scenario

# The calls that change what is on a disk, or that decide whether it stays there.
CHANGING = (
    "openat creat write pwrite64 writev ftruncate truncate fallocate rename renameat renameat2 link"
    " linkat symlink unlink unlinkat mkdir mkdirat rmdir fsync fdatasync sendfile copy_file_range"
    " chmod fchmod utimensat"
).split()
_LINE = re.compile(r"(?:(\d+) +)?(\w+)\((.*)\) += (-?\d+|\?)")


@functools.cache
def is_missing() -> str:
    """Why strace cannot be used; "" if it can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True)
    return f"strace cannot trace: {tried.stderr.strip()}" if tried.returncode else ""


@dataclass(frozen=True)
class Call:
    """A system call of a run; `number` counts the calls of that name in its thread."""

    name: str
    number: int
    arguments: str
    result: str

    def __str__(self) -> str:
        return f"{self.name} {self.number} ({self.arguments[:150]})"

    def killing(self, log: Path) -> list[str]:
        """Options of strace that have a run killed when it comes to this call."""
        return self._injecting(log, f"signal=KILL:when={self.number}")

    def failing(self, log: Path, error: str, lasting: bool) -> list[str]:
        """Options of strace that have this call fail; if *lasting*, all later ones too."""
        return self._injecting(log, f"error={error}:when={self.number}{'+' * lasting}")

    def _injecting(self, log: Path, how: str) -> list[str]:
        inject = f"inject={self.name}:{how}"
        return ["-o", str(log), "-y", "-e", f"trace={self.name}", "-e", inject]


def calls(log: Path) -> list[Call]:
    """The calls in a log of strace, those that were cut off too."""
    numbers: dict[tuple[str, str], int] = {}
    found = []
    for line in log.read_text("utf-8", "replace").splitlines():
        if match := _LINE.match(line):
            thread, name, arguments, result = match.groups()
            number = numbers[thread, name] = numbers.get((thread, name), 0) + 1
            found.append(Call(name, number, arguments, result))
    return found


def points(indexer: Indexer, scenario: Scenario, folder: Path, planted: str = "") -> list[Call]:
    """The calls of a run that change something in the index folder, in order."""
    index = scenario.copy(folder / "counted")
    log = folder / "counted.log"
    options = ["-o", str(log), "-y", "-e", f"trace={','.join(CHANGING)}"]
    outcome = scenario.run(indexer, index, strace=options, planted=planted)
    assert outcome.is_acknowledged, outcome
    return [call for call in calls(log) if str(index) in call.arguments and _changes(call)]


def _changes(call: Call) -> bool:
    return call.name != "openat" or "O_CREAT" in call.arguments or "O_TRUNC" in call.arguments


def interrupted(indexer: Indexer, scenario: Scenario, folder: Path) -> Scenario:
    """The *scenario*, begun and killed when everything was saved and nothing published."""
    sealed = next(
        point
        for point in points(indexer, scenario, folder)
        if point.name == "openat" and "/draft/MANIFEST.json" in point.arguments
    )
    index = scenario.copy(folder / "interrupted")
    outcome = scenario.run(indexer, index, strace=sealed.killing(folder / "interrupted.log"))
    assert outcome.code == -signal.SIGKILL, outcome
    assert list(index.glob("checkpoint-*"))
    return replace(scenario, name="resume", index=index)
