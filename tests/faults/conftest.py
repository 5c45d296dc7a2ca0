"""What all harnesses run on, and how they tell their figures."""

import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .figures import Figures, is_ci
from .indexer import Indexers
from .scenarios import Scenario, build
from .strace import Call, interrupted, is_missing, points

_ROOM = 512 << 20  # bytes


@pytest.fixture(scope="session")
def indexers() -> Iterator[Indexers]:
    """Processes to run commands in."""
    started = Indexers()
    yield started
    started.close()


@pytest.fixture(scope="session")
def scenarios(indexers: Indexers, writable_name: str, seed: int) -> Iterator[dict[str, Scenario]]:
    """All scenarios by name; `resume` only where a process can be traced."""
    with _in_memory() as folder:
        made = {one.name: one for one in build(folder, writable_name, seed, indexers)}
        if not is_missing():
            with indexers.one() as indexer:
                made["resume"] = interrupted(indexer, made["save"], folder)
        yield made


@pytest.fixture(scope="session")
def calls(indexers: Indexers, scenarios: dict[str, Scenario]) -> Callable[[str], list[Call]]:
    """Gives the calls of the run of a scenario that change something."""

    @functools.cache
    def of(name: str) -> list[Call]:
        with _in_memory() as folder, indexers.one() as indexer:
            return points(indexer, scenarios[name], folder)

    return of


@pytest.fixture(scope="session")
def strace() -> None:
    """For tests that cannot do without strace."""
    if reason := is_missing():
        assert not is_ci(), reason
        pytest.skip(reason)


@pytest.fixture
def tell() -> Callable[[Figures], None]:
    """Prints a line with the figures, and fails if a promise was broken."""

    def told(figures: Figures) -> None:
        print(f"\n{figures}")
        assert not figures.wrong, "\n".join([str(figures), *figures.wrong[:20]])

    return told


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the copies are that a harness works on."""
    with _in_memory() as place:
        yield place


@contextmanager
def _in_memory() -> Iterator[Path]:
    """A folder that is gone afterwards, where a sync costs nothing if there is such a place."""
    shm = Path("/dev/shm")
    is_roomy = shm.is_dir() and os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > _ROOM
    with tempfile.TemporaryDirectory(prefix="faults-", dir=shm if is_roomy else None) as place:
        yield Path(place)
