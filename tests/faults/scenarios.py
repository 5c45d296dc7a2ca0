"""An index, a corpus that has moved on since, and the command that brings them together.

first     there is no index yet
update    one generation, one step behind
save      the same; the build is saved before every third article
resume    the same, after a run that was saved and then killed
reindex   one generation, to be built anew
merge     six generations or more; what the next one adds makes the engine merge its segments
collect   the same, made long ago: three of them are removed when the next is there
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from searchsvc.store import DirectoryStore

from .indexer import Indexer, Indexers, Outcome
from .world import Content, Files, held, history, is_of, lay_out

LONG_AGO = 1_000_000_000.0
_GENERATIONS = 6  # at least, before a merge
_MOST_GENERATIONS = 30


@dataclass(frozen=True)
class Scenario:
    """What a run starts from, and what it should end with. Nobody changes its folders."""

    name: str
    engine: str
    command: str
    index: Path  # the folder is not there if there is no index
    corpus: Path
    before: Content | None
    after: Content
    save_every: int = 0  # so many articles

    def run(
        self,
        indexer: Indexer,
        index: Path,
        *,
        strace: Sequence[str] = (),
        kill_after: float | None = None,
        planted: str = "",
    ) -> Outcome:
        """The run that is tested, on *index*, a copy."""
        return indexer.run(
            self.arguments(index, self.command),
            strace=strace,
            kill_after=kill_after,
            planted=planted,
            save_every=self.save_every,
        )

    def arguments(self, index: Path, command: str) -> list[str]:
        """The command line of *command* on *index*."""
        places = ["--index", str(index), "--corpus", str(self.corpus), "--engine", self.engine]
        return [*places, command]

    def copy(self, target: Path) -> Path:
        """A copy of the index folder at *target*, in which the same files are linked."""
        return copy_linked(self.index, target)


def copy_linked(source: Path, target: Path) -> Path:
    """A copy of the folder *source*; files that were one there are one in the copy."""
    copied: dict[int, Path] = {}
    shutil.rmtree(target, ignore_errors=True)
    for path in [source, *sorted(source.rglob("*"))] if source.exists() else ():
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(mode=0o700)
        elif first := copied.get(path.stat().st_ino):
            os.link(first, place)
        else:
            shutil.copy2(path, place)
            copied[path.stat().st_ino] = place
    return target


def build(folder: Path, engine: str, seed: int, indexers: Indexers) -> Iterator[Scenario]:
    """All scenarios, made in *folder*, but for `resume`, which takes a kill to make."""
    states = history(seed, _MOST_GENERATIONS)
    near, far = (Follower(folder / name, engine, states) for name in ("near", "far"))
    follows = [(far, _GENERATIONS, True), (near, 1, False)]
    indexers.each(lambda indexer, follow: follow[0].follow(indexer, *follow[1:]), follows)
    yield (update := near.scenario("update"))
    yield replace(update, name="save", save_every=3)
    yield replace(update, name="reindex", command="reindex")
    yield replace(update, name="first", index=folder / "none", before=None)
    yield (merge := far.scenario("merge"))
    yield replace(merge, name="collect", index=far.made_long_ago)


class Follower:
    """A corpus that goes through *states*, and the index that is one step behind."""

    def __init__(self, folder: Path, engine: str, states: list[Files]) -> None:
        self.corpus = folder / "corpus"
        self.index = folder / "index"
        self.made_long_ago = folder / "made-long-ago"
        self._clean = folder / "clean"
        self._engine = engine
        self._states = states
        self._contents: list[Content] = []

    def follow(self, indexer: Indexer, steps: int, to_a_merge: bool) -> None:
        """Takes corpus and index through so many steps, or more; the corpus takes one more.

        *to_a_merge*: until what comes next merges segments.
        """
        for step in range(len(self._states)):
            self.move_to(indexer, step, is_known=step >= steps - 1)
            if step >= steps and (not to_a_merge or self._is_to_merge(indexer)):
                break
            self._run(indexer, self.index)
            if to_a_merge:
                self._run(indexer, self.made_long_ago, LONG_AGO)
        else:
            raise AssertionError("no merge")
        assert held(self.index, self._engine) == self._contents[-2]

    def _is_to_merge(self, indexer: Indexer) -> bool:
        trial = copy_linked(self.index, self._clean.with_name("trial"))
        before = _segments(trial)
        self._run(indexer, trial)
        return len(before - _segments(trial)) > 1

    def move_to(self, indexer: Indexer, step: int, is_known: bool = True) -> None:
        """Has the corpus in this state; a clean index tells what an index should hold then."""
        lay_out(self._states[step], self.corpus, step)
        if is_known:
            shutil.rmtree(self._clean, ignore_errors=True)
            self._run(indexer, self._clean)
            store = DirectoryStore(self._clean, self._engine)
            assert is_of(store.current().engine, self._states[step])
            content = held(self._clean, self._engine)
            assert content
            self._contents.append(content)

    def scenario(self, name: str) -> Scenario:
        """From the state before to that of now."""
        before = self._contents[-2] if len(self._contents) > 1 else None
        after = self._contents[-1]
        return Scenario(name, self._engine, "index", self.index, self.corpus, before, after)

    def _run(self, indexer: Indexer, index: Path, clock: float | None = None) -> None:
        places = ["--index", str(index), "--corpus", str(self.corpus), "--engine", self._engine]
        outcome = indexer.run([*places, "index"], clock=clock)
        assert outcome.is_acknowledged, outcome


def _segments(index: Path) -> set[str]:
    """The segments of the newest generation, by their files of terms."""
    files = (max(index.glob("gen-*")) / "engine").iterdir()
    return {path.stem for path in files if path.suffix in (".trm", ".term")}
