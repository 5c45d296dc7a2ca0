"""Generations of an index in a directory, one of them current: searched, and written anew.

A generation on disk never changes. A write works in a private folder of hard links to the files of
the current generation: engines write new files, they change none, and what else is to be changed
is copied first. When it is whole, every new file and its folder are synced to disk, the folder
gets its name, and CURRENT is replaced. Readers go on with the generation that they have open.

A generation found damaged is put aside, and the newest whole one is served until the next write
brings that up to date.

What lies where stands in index_folder.py, how long it is kept in keeping.py.
"""

import datetime as dt
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from searchsvc import keeping
from searchsvc.analysis import ANALYSIS_VERSION
from searchsvc.draft import ENGINE, Beginning, DirectoryDraft, discard
from searchsvc.engines import engine_format
from searchsvc.errors import IndexDamaged, IndexMissing, IndexOutdated, IndexProblem
from searchsvc.generation import (
    Damage,
    Facts,
    Identity,
    check_sizes,
    damage,
    digest,
    fsync,
    raise_unless_damage,
    read_damage,
    read_manifest,
)
from searchsvc.index_folder import IndexFolder
from searchsvc.published import DirectoryGeneration
from searchsvc.schema import SCHEMA_VERSION

OPEN_BEFORE = 3  # generations, of which the engines stay open for cursors

_REBUILD = "searchsvc reindex"
_VERSION = 2  # of how an index lies in its folder


class _WrongPointer(IndexDamaged):
    """CURRENT is what is damaged."""


class DirectoryStore:
    """The generations in *root*, searched and written with the engine *engine*."""

    def __init__(
        self, root: Path, engine: str = "whoosh", clock: Callable[[], float] = time.time
    ) -> None:
        self.root = root
        self._index = IndexFolder(root)
        self._format = engine_format(engine)
        self._clock = clock
        self._lock = threading.RLock()
        self._open: dict[str, DirectoryGeneration] = {}
        self._served: tuple[str | None, DirectoryGeneration] | None = None  # what CURRENT said

    # -- reading -------------------------------------------------------------------------------

    def current(self) -> DirectoryGeneration:
        """The newest generation, open; a new one is picked up as soon as it is published.

        If it is damaged, the newest one that is whole. Raises IndexMissing, IndexOutdated, and
        IndexDamaged if none is whole.
        """
        with self._lock:
            pointer = self._index.pointer()
            while True:
                if self._served and self._served[0] == pointer and self._is_good(self._served[1]):
                    return self._served[1]
                try:
                    generation = self._pointed(pointer)
                except IndexDamaged as error:
                    before, pointer = pointer, self._index.pointer()
                    if before != pointer:  # replaced, and collected, since it was read
                        continue
                    told = None if isinstance(error, _WrongPointer) else pointer
                    generation = self._newest_whole(told, str(error))
                self._served = pointer, generation

    @property
    def notice(self) -> str | None:
        """What an operator should know of the generation served last; None if all is well."""
        return self._served[1].notice if self._served else None

    def _is_good(self, generation: DirectoryGeneration) -> bool:
        return generation.is_there() and self._index.is_good(generation.folder)

    def generation(self, name: str) -> DirectoryGeneration | None:
        """A generation that is still kept, open; None if it is gone. Raises IndexProblem."""
        with self._lock:
            opened = self._open.get(name)
            if opened and self._is_good(opened):
                return opened
            trouble: IndexDamaged | None = None
            for folder in self._index.places(name):
                try:
                    return self._keep_open(self._opened(name, folder))
                except IndexDamaged as error:
                    trouble = trouble or error
            if trouble:
                raise trouble
            return None

    def current_name(self) -> str | None:
        """The number of the current generation, or None."""
        pointer = self._index.pointer()
        return pointer.split()[0] if pointer else None

    def _pointed(self, pointer: str | None) -> DirectoryGeneration:
        if pointer is None and not self._index.names() and not self.put_aside():
            raise IndexMissing(f"there is no index in {self.root}; make one: searchsvc index")
        if not pointer:
            raise IndexDamaged(f"{self.root / 'CURRENT'} is missing or names no generation")
        name, hash = pointer.split()
        generation = self.generation(name)
        if generation is None:
            known = read_damage(self._index.aside(name))
            why = f"damaged: {known[0]}" if known else "missing"
            raise IndexDamaged(f"generation {name} in {self.root} is {why}")
        if not digest(generation.manifest).startswith(hash):
            raise _WrongPointer(f"{self.root / 'CURRENT'} does not fit generation {name}")
        return generation

    def _newest_whole(self, pointer: str | None, reason: str) -> DirectoryGeneration:
        """The newest generation of which every byte is right; what is not whole is put aside.

        Any that was published comes before what CURRENT was not yet turned to.
        """
        newest = int(pointer.split()[0]) if pointer else None
        outdated: IndexOutdated | None = None
        names = self._index.names()
        names.sort(key=lambda name: (not newest or int(name) <= newest, int(name)), reverse=True)
        for name in names:
            for folder in self._index.places(name):
                if self._index.look(folder):
                    continue
                try:
                    generation = self._opened(name, folder)
                except IndexOutdated as error:
                    outdated = outdated or error
                except IndexDamaged:
                    continue
                else:
                    # Kept open without the reason: it may be what is published just now.
                    return replace(self._keep_open(generation), reason=reason)
        if outdated:
            raise outdated
        raise IndexDamaged(f"{reason}, and no other generation is whole", _REBUILD)

    def _opened(self, name: str, folder: Path) -> DirectoryGeneration:
        inode = folder.stat().st_ino
        manifest = read_manifest(folder)
        for key, ours in self._versions().items():
            if manifest.get(key) != ours:
                raise IndexOutdated(
                    f"the index in {self.root} was made for {key} {manifest.get(key)!r}, this is"
                    f" {ours!r}",
                    _REBUILD,
                )
        check_sizes(folder, manifest)
        try:
            engine = self._format.open_engine(folder / ENGINE)
        except OSError as error:
            raise_unless_damage(error)
            raise IndexDamaged(f"{folder} cannot be opened: {error}") from None
        except Exception as error:  # whatever the bytes made of the engine's own reading
            raise IndexDamaged(f"{folder} cannot be opened: {error!r}") from None
        return DirectoryGeneration(name, engine, manifest, folder, inode, self._clock)

    def _keep_open(self, opened: DirectoryGeneration) -> DirectoryGeneration:
        # An engine that is let go of here lives until the last search on it ends.
        kept = [g for g in self._open.values() if g.name != opened.name][-OPEN_BEFORE:]
        self._open = {g.name: g for g in (*kept, opened)}
        return opened

    def _versions(self) -> dict[str, Any]:
        return {
            "store": _VERSION,
            "engine": self._format.NAME,
            "engine version": self._format.VERSION,
            "schema": SCHEMA_VERSION,
            "analysis": ANALYSIS_VERSION,
        }

    def articles(self) -> int:
        """How many articles the newest generation has, also if it cannot be opened; 0 if none."""
        names = self._index.names()
        for folder in self._index.places(names[-1]) if names else ():
            with suppress(IndexDamaged):
                return int(read_manifest(folder).get("articles", 0))
        return 0

    def status(self) -> dict[str, Any]:
        """What is served: engine, number, age in seconds, articles, bytes, and what is kept beside.

        Raises what `current` raises.
        """
        generation = self.current()
        published = generation.manifest["published"]
        return {
            "index": str(self.root),
            "engine": generation.manifest["engine"],
            "generation": generation.name,
            "published": dt.datetime.fromtimestamp(published, dt.UTC).isoformat(timespec="seconds"),
            "age_seconds": round(self._clock() - published),
            "articles": generation.manifest["articles"],
            "bytes": sum(facts["size"] for facts in generation.manifest["files"].values()),
            "kept": self._index.names("gen"),
            "spare": self._index.names("spare"),
            "damaged": [str(one) for one in self.put_aside()],
            "interrupted": self._index.checkpoints(),
            "notice": generation.notice,
        }

    def close(self) -> None:
        """Nothing: engines go with the last search on them."""

    # -- looking for damage ----------------------------------------------------------------------

    def verify(self, pause: Callable[[int], None] = lambda size: None) -> list[Damage]:
        """Reads every byte of every generation; what is damaged is told, and put aside.

        *pause* is called with the number of bytes read since. The newest whole generation is
        current afterwards. What was put aside before is no news: see `put_aside`.
        """
        found: list[Damage] = []
        seen: dict[Identity, Facts] = {}  # generations share files
        for name in reversed(self._index.names()):
            for folder in self._index.places(name):
                found += self._index.look(folder, pause, seen)
        try:
            pointer = self._index.pointer()
            if pointer is not None or self._index.names():
                self._pointed(pointer)
        except IndexDamaged as error:
            name = (pointer or "none").split()[0]
            if not found and not self._index.aside(name).is_dir():
                found.append(Damage(None, "CURRENT", str(error)))
        except IndexOutdated:
            pass
        with self._lock:
            self._served = None  # to be looked for anew
        return found

    def put_aside(self) -> list[Damage]:
        """What was found damaged since the last write, whoever found it."""
        return self._index.put_aside()

    # -- writing -------------------------------------------------------------------------------

    def file(self, name: str) -> str | None:
        """Where the file *name* of the current generation is; None if there is no index."""
        with suppress(IndexMissing):
            return str(self.current().folder / name)
        return None

    @contextmanager
    def write(
        self, *, fresh: bool = False, wait: bool = False, purpose: str | None = None
    ) -> Iterator[DirectoryDraft]:
        """A draft of the next generation, current when the block ends without an exception.

        It begins as the current one, or empty if *fresh* or if there is none; or where an
        interrupted write for the same *purpose* was saved. Raises IndexLocked, unless it is to
        *wait* until nobody else writes, IndexOutdated and IndexDamaged.
        """
        self._index.make()
        with self._index.locked(wait):
            try:
                before = None if fresh else self.current()
            except IndexMissing:
                before = None
            self._index.tidy()
            if before and not before.notice:  # damage was in what nobody is served any more
                self._index.forget_damage()
            facts = self._versions() | {
                "purpose": purpose,
                "before": before.name if before else None,
            }
            checkpoint = self._index.checkpoint(fresh)
            begun = self._saved(checkpoint, facts) if purpose is not None else None
            if begun is None and before is not None:
                begun = Beginning(before.folder, before.manifest, before.engine)
            draft = DirectoryDraft(self._index.draft, checkpoint, facts, self._format, begun)
            try:
                yield draft
                self._publish(draft, before)
            except BaseException:
                draft.drop()
                raise
            # The write is done. What follows is for later, and nothing to take it back for.
            try:
                if purpose is not None:
                    discard(checkpoint)
                keeping.collect(self._index, self.current(), self._clock())
                if not keeping.renew_spare(self._index, self.current(), self._clock()):
                    self.verify()
                self._index.forget_damage()
            except OSError as error:
                draft.trouble = f"the spare copy or what is old could not be seen to: {error}"
                discard(self._index.new_spare)

    def share(self, name: str, wait: bool) -> AbstractContextManager[object]:
        """The right to bring in a share of a corpus: anybody's, a folder is of one machine."""
        return nullcontext()

    def interrupted(self, fresh: bool) -> str | None:
        """The purpose of a write that was saved and not ended; None if there is none to go on."""
        return self._index.interrupted(fresh)

    def _saved(self, folder: Path, facts: dict[str, Any]) -> Beginning | None:
        """The checkpoint *folder*, if it is whole and of a write like this; else it is removed."""
        new = folder.with_name(folder.name + ".new")
        if not folder.exists() and new.exists():  # the one before was removed, and then it ended
            new.rename(folder)
        shutil.rmtree(new, ignore_errors=True)
        with suppress(IndexProblem):
            manifest = read_manifest(folder)
            if facts.items() <= manifest.items() and not any(damage(folder)):
                engine = self._format.open_engine(folder / ENGINE)
                return Beginning(folder, manifest, engine, is_checkpoint=True)
        discard(folder)
        return None

    def _publish(self, draft: DirectoryDraft, before: DirectoryGeneration | None) -> None:
        if before and not self._is_good(before):
            raise IndexDamaged(f"generation {before.name} was found damaged meanwhile")
        name = f"{self._index.newest_number() + 1:06}"
        served = self.current_name()
        facts = self._versions() | {
            "published": self._clock(),
            "lineage": before.lineage if before else f"gen-{name}",
            # The newest generation that shares nothing with this one.
            "apart": before.manifest["apart"] if before else served,
        }
        manifest = draft.seal(facts)
        folder = self._index.generation(name)
        draft.folder.rename(folder)
        fsync(self.root)
        self._index.turn(name, manifest)
        engine = draft.finished()
        inode = folder.stat().st_ino
        with self._lock:
            self._keep_open(DirectoryGeneration(name, engine, manifest, folder, inode, self._clock))
