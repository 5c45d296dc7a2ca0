"""A full disk: a small one, of which the size is walked up until the run succeeds on it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import CAUSES, after_failure
from .figures import Figures, scratch
from .indexer import Indexer, Indexers
from .scenarios import Scenario, copy_linked

_PAGE = 4096
_MOST = 64 << 20
_CAUSE = f"{CAUSES['ENOSPC']}|database or disk is full|disk I/O error|does not say why"


def why_not(folder: Path) -> str:
    """Why no small disk can be had at *folder*; "" if it can."""
    try:
        with _disk(folder / "probe", 16 * _PAGE):
            return ""
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no tmpfs can be mounted here: {error}"


@contextmanager
def _disk(place: Path, size: int) -> Iterator[Path]:
    place.mkdir(parents=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", place)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()


def _mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True)


def walk(
    indexers: Indexers, scenario: Scenario, step: int, folder: Path, seed: int, planted: str = ""
) -> Figures:
    """Runs on disks of growing size, by *step* bytes each time, until one is acknowledged."""
    figures = Figures(f"full disk, {scenario.name}", seed)
    with indexers.one() as indexer:
        size = max(_used(scenario, folder), 2 * _PAGE)  # 0 would be without bounds
        while size < _MOST:
            if _is_enough(figures, indexer, scenario, size, folder, planted):
                figures.notes.append(f"enough at {size >> 10} KiB")
                return figures
            size += step
    figures.wrong.append(f"{scenario.name}: {size} bytes are not enough")
    return figures


def _used(scenario: Scenario, folder: Path) -> int:
    """Bytes that the index takes on such a disk before the run."""
    with scratch(folder, "disk") as place, _disk(place / "full", _MOST) as disk:
        scenario.copy(disk / "index")
        fields = subprocess.run(
            ["stat", "-f", "-c", "%b %f %S", str(disk)], check=True, capture_output=True, text=True
        ).stdout.split()
        blocks, free, block = map(int, fields)
        return (blocks - free) * block


def _is_enough(
    figures: Figures,
    indexer: Indexer,
    scenario: Scenario,
    size: int,
    folder: Path,
    planted: str,
) -> bool:
    fault = f"a disk of {size} bytes"
    with scratch(folder, "disk") as place:
        with _disk(place / "full", size) as disk:
            index = scenario.copy(disk / "index")
            with figures.watched(scenario, index, fault):
                outcome = scenario.run(indexer, index, planted=planted)
            if not outcome.is_acknowledged:
                figures.count("fired")
            after_failure(figures, scenario, index, outcome, _CAUSE, fault)
            roomy = copy_linked(index, place / "roomy")
        figures.recover(indexer, scenario, roomy, fault)
        return outcome.is_acknowledged
