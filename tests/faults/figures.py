"""What came of many faults, and what must hold after each of them."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from searchsvc.errors import IndexMissing
from searchsvc.store import DirectoryStore

from .indexer import ACKNOWLEDGED, Indexer
from .scenarios import Scenario
from .world import content, held

_ACTS = ("draft", "trash-*", "CURRENT.new")  # what a run makes for itself and must not leave behind


@dataclass
class Figures:
    """Counts of one kind of fault. `wrong` says what broke the promise; it has to stay empty."""

    kind: str
    seed: int
    fired: int = 0
    missed: int = 0  # runs that ended before their fault came
    old: int = 0  # states acknowledged before, found after a fault
    new: int = 0  # states that were being written
    searches: int = 0  # by readers, meanwhile
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, what: str) -> None:
        """One more of *what*; from any thread."""
        with self._lock:
            setattr(self, what, getattr(self, what) + 1)

    def __str__(self) -> str:
        searched = f", {self.searches} searches meanwhile" if self.searches else ""
        return (
            f"{self.kind}: {self.fired} fired, {self.missed} did not, {self.old} kept the old"
            f" state, {self.new} took the new, missing/doubled/mixed {len(self.wrong)}{searched}"
            + "".join(f", {note}" for note in self.notes)
            + f" (seed {self.seed})"
        )

    def judge(self, scenario: Scenario, index: Path, fault: str) -> str:
        """Which state a reader who comes after *fault* finds: "old" or "new", or "" if neither."""
        try:
            seen = held(index, scenario.engine)
        except Exception as error:
            self.wrong.append(f"{scenario.name}, {fault}: cannot be read: {error!r}")
            return ""
        if seen == scenario.before:
            self.count("old")
            return "old"
        if seen == scenario.after:
            self.count("new")
            return "new"
        known = scenario.before or scenario.after
        how = known.differs(seen) if seen else "there is no index any more"
        self.wrong.append(f"{scenario.name}, {fault}: neither old nor new: {how}")
        return ""

    def recover(self, indexer: Indexer, scenario: Scenario, index: Path, fault: str) -> None:
        """Has an ordinary run go on from what is there; it must end equal to the corpus."""
        outcome = indexer.run(scenario.arguments(index, "index"))
        if not outcome.is_acknowledged:
            said = outcome.stderr.strip().splitlines()[-1:]
            self.wrong.append(
                f"{scenario.name}, {fault}: the next run fails: {outcome.code} {said}"
            )
            return
        seen = held(index, scenario.engine)
        if seen != scenario.after:
            how = scenario.after.differs(seen) if seen else "there is no index"
            self.wrong.append(f"{scenario.name}, {fault}: wrong after the next run: {how}")
        if damages := DirectoryStore(index, scenario.engine).verify():
            self.wrong.append(f"{scenario.name}, {fault}: damaged after the next run: {damages}")
        if left := [path.name for name in _ACTS for path in index.glob(name)]:
            self.wrong.append(f"{scenario.name}, {fault}: the next run leaves {left}")

    def check_acknowledged(self, scenario: Scenario, index: Path, code: int, fault: str) -> None:
        """What must hold of a run that came to its end: it did what it was to do."""
        if code not in ACKNOWLEDGED:
            self.wrong.append(f"{scenario.name}, {fault}: exit code {code} without a fault")
        elif held(index, scenario.engine) != scenario.after:
            self.wrong.append(f"{scenario.name}, {fault}: acknowledged, but not there")

    @contextmanager
    def watched(self, scenario: Scenario, index: Path, fault: str) -> Iterator[None]:
        """Has a reader search all the while; he must always find the old state or the new."""
        stop = threading.Event()
        reader = threading.Thread(target=self._search, args=(scenario, index, fault, stop))
        reader.start()
        try:
            yield
        finally:
            stop.set()
            reader.join()

    def _search(self, scenario: Scenario, index: Path, fault: str, stop: threading.Event) -> None:
        states = [scenario.before] if scenario.before else []
        states.append(scenario.after)
        lasting = DirectoryStore(index, scenario.engine)
        was_there = scenario.before is not None
        while not stop.is_set():
            for store in (lasting, DirectoryStore(index, scenario.engine)):
                try:
                    seen = content(store.current().engine)
                except Exception as error:
                    if was_there or not isinstance(error, IndexMissing):
                        self.wrong.append(f"{scenario.name}, {fault}: a search fails: {error!r}")
                        return
                else:
                    was_there = True
                    self.count("searches")
                    if seen not in states:
                        self.wrong.append(f"{scenario.name}, {fault}: a search finds a mixture")
                        return
                    del states[: states.index(seen)]  # no way back
            time.sleep(0.005)


@contextmanager
def scratch(folder: Path, name: str) -> Iterator[Path]:
    """A folder for one fault, gone afterwards."""
    place = folder / f"{name}-{threading.get_ident()}"
    place.mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def is_ci() -> bool:
    """Whether what cannot be tested here is a failure."""
    return bool(os.environ.get("CI"))
