"""Generations of an index in a directory, one of them current.

    index/
      CURRENT               "000002" and the start of its manifest's hash, replaced atomically
      LOCK                  held while somebody writes, with the pid
      gen-000001/
      gen-000002/
        MANIFEST.json       see generation.py
        ledger.sqlite       files that belong to the generation as a whole
        engine/             the engine's own files
        ledger-changes.sqlite
      spare-000002/         the same once more, sharing no file with the others
      draft/                a generation in the making
      checkpoint-reindex/   how far a build was that was interrupted; see draft.py
      damaged-gen-000001/   what is no longer served, until the next write
        DAMAGE.json         what was found in it
      trash-0-gen-000001/   what is being removed

A generation on disk never changes. A write works in a private folder of hard links to the files of
the current generation: engines write new files, they change none, and what else is to be changed
is copied first. When it is whole, every new file and its folder are synced to disk, the folder
gets its name, and CURRENT is replaced. Readers go on with the generation that they have open.

Kept are the newest generation, the two before it, and whatever was current in the last quarter of
an hour, as cursors may still walk through it. Linked files are one file on the disk, so a bad bit
is in every generation that has it: a generation, or a spare copy of one, that shares no file with
the current one is kept besides. A generation found damaged is put aside, and the newest whole one
is served until the next write brings that up to date.
"""

import datetime as dt
import fcntl
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from searchsvc.analysis import ANALYSIS_VERSION
from searchsvc.draft import ENGINE, Beginning, DirectoryDraft, discard
from searchsvc.engines import engine_format
from searchsvc.engines.base import Engine
from searchsvc.errors import (
    ConfigError,
    IndexDamaged,
    IndexLocked,
    IndexMissing,
    IndexOutdated,
    IndexProblem,
)
from searchsvc.generation import (
    Damage,
    Facts,
    Identity,
    Manifest,
    check_sizes,
    copy_whole,
    damage,
    digest,
    fsync,
    raise_unless_damage,
    read_damage,
    read_manifest,
    write_damage,
)
from searchsvc.schema import SCHEMA_VERSION

KEPT_BEFORE = 2  # generations before the current one
OPEN_BEFORE = 3  # generations, of which the engines stay open for cursors
KEPT_SECONDS = 15 * 60.0  # after a generation was replaced
SPARE_SECONDS = 24 * 60 * 60.0  # the age at which a spare is renewed

_REBUILD = "searchsvc reindex"
_VERSION = 2  # of what is described above
_DRAFT = "draft"  # the private folder of a write; there is one writer at a time
_CHECKPOINT = "checkpoint"
_NEW_SPARE = "spare.new"
_ASIDE = "damaged-"
_DIGEST = 16  # digits of a manifest's hash in CURRENT


@dataclass(frozen=True, slots=True)
class DirectoryGeneration:
    """A published generation, its engine open.

    `reason` is why it is served and not the newest, None if it is.
    """

    name: str
    engine: Engine
    manifest: Manifest
    folder: Path
    inode: int
    clock: Callable[[], float]
    reason: str | None = None

    @property
    def is_spare(self) -> bool:
        """Whether it is the copy of a generation that is gone."""
        return self.folder.name.startswith("spare-")

    @property
    def fallback(self) -> str | None:
        """For readers: that it is not the newest, and its age; None as long as it is."""
        if self.reason is None:
            return None
        age = _spoken(self.clock() - self.manifest["published"])
        said = "the newest state of the index is damaged"
        return f"{said}; generation {self.name} is served, {age} old"

    @property
    def notice(self) -> str | None:
        """For operators: what is damaged, and what is served instead; None if all is well."""
        if self.fallback:
            return f"{self.reason}: {self.fallback}"
        if self.is_spare:
            return f"generation {self.name} is damaged; its spare copy, which is equal, is served"
        return None

    @property
    def lineage(self) -> str:
        """Generations that may share files have one lineage; a spare begins its own."""
        return self.folder.name if self.is_spare else str(self.manifest["lineage"])

    def is_there(self) -> bool:
        """Whether it is still where it was opened, and not another in its place."""
        try:
            return self.folder.stat().st_ino == self.inode
        except FileNotFoundError:
            return False


class _WrongPointer(IndexDamaged):
    """CURRENT is what is damaged."""


class DirectoryStore:
    """The generations in *root*, searched and written with the engine *engine*."""

    def __init__(
        self, root: Path, engine: str = "whoosh", clock: Callable[[], float] = time.time
    ) -> None:
        self.root = root
        self._format = engine_format(engine)
        self._clock = clock
        self._lock = threading.RLock()
        self._open: dict[str, DirectoryGeneration] = {}
        self._served: tuple[str | None, DirectoryGeneration] | None = None  # what CURRENT said
        self._bad: dict[Path, list[Damage]] = {}  # folders that could not be put aside

    # -- reading -------------------------------------------------------------------------------

    def current(self) -> DirectoryGeneration:
        """The newest generation, open; a new one is picked up as soon as it is published.

        If it is damaged, the newest one that is whole. Raises IndexMissing, IndexOutdated, and
        IndexDamaged if none is whole.
        """
        with self._lock:
            pointer = self._pointer()
            while True:
                if self._served and self._served[0] == pointer and self._is_good(self._served[1]):
                    return self._served[1]
                try:
                    generation = self._pointed(pointer)
                except IndexDamaged as error:
                    before, pointer = pointer, self._pointer()
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
        return generation.is_there() and generation.folder not in self._bad

    def generation(self, name: str) -> DirectoryGeneration | None:
        """A generation that is still kept, open; None if it is gone. Raises IndexProblem."""
        with self._lock:
            opened = self._open.get(name)
            if opened and self._is_good(opened):
                return opened
            trouble: IndexDamaged | None = None
            for folder in self._folders(name):
                try:
                    return self._keep_open(self._opened(name, folder))
                except IndexDamaged as error:
                    trouble = trouble or error
            if trouble:
                raise trouble
            return None

    def current_name(self) -> str | None:
        """The number of the current generation, or None."""
        pointer = self._pointer()
        return pointer.split()[0] if pointer else None

    def _pointer(self) -> str | None:
        """What CURRENT says, if it makes sense; None if it is not there."""
        try:
            said = (self.root / "CURRENT").read_text("ascii", "replace")
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            raise self._no_place("is no folder") from None
        return said if re.fullmatch(rf"[0-9]+ [0-9a-f]{{{_DIGEST}}}\n", said) else ""

    def _no_place(self, why: str) -> ConfigError:
        said = f"the index folder {str(self.root)!r} {why}"
        return ConfigError(f"{said}; choose another with --index")

    def _pointed(self, pointer: str | None) -> DirectoryGeneration:
        if pointer is None and not self._names() and not self.put_aside():
            raise IndexMissing(f"there is no index in {self.root}; make one: searchsvc index")
        if not pointer:
            raise IndexDamaged(f"{self.root / 'CURRENT'} is missing or names no generation")
        name, hash = pointer.split()
        generation = self.generation(name)
        if generation is None:
            known = read_damage(self.root / f"{_ASIDE}gen-{name}")
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
        names = self._names()
        names.sort(key=lambda name: (not newest or int(name) <= newest, int(name)), reverse=True)
        for name in names:
            for folder in self._folders(name):
                if any(self._damage(folder)):
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

    def _folders(self, name: str) -> list[Path]:
        """Where the generation *name* may be: itself, and its spare."""
        folders = [self._folder(name), self.root / f"spare-{name}"]
        return [folder for folder in folders if folder.is_dir() and folder not in self._bad]

    def _folder(self, name: str) -> Path:
        return self.root / f"gen-{name}"

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
            "kept": self._names("gen"),
            "spare": self._names("spare"),
            "damaged": [str(one) for one in self.put_aside()],
            "interrupted": sorted(path.name for path in self.root.glob(f"{_CHECKPOINT}-*")),
            "notice": generation.notice,
        }

    # -- looking for damage ----------------------------------------------------------------------

    def verify(self, pause: Callable[[int], None] = lambda size: None) -> list[Damage]:
        """Reads every byte of every generation; what is damaged is told, and put aside.

        *pause* is called with the number of bytes read since. The newest whole generation is
        current afterwards. What was put aside before is no news: see `put_aside`.
        """
        found: list[Damage] = []
        seen: dict[Identity, Facts] = {}  # generations share files
        for name in reversed(self._names()):
            for folder in self._folders(name):
                found += self._damage(folder, pause, seen)
        try:
            pointer = self._pointer()
            if pointer is not None or self._names():
                self._pointed(pointer)
        except IndexDamaged as error:
            aside = self.root / f"{_ASIDE}gen-{(pointer or 'none').split()[0]}"
            if not found and not aside.is_dir():
                found.append(Damage(None, "CURRENT", str(error)))
        except IndexOutdated:
            pass
        with self._lock:
            self._served = None  # to be looked for anew
        return found

    def _damage(
        self,
        folder: Path,
        pause: Callable[[int], None] = lambda size: None,
        seen: dict[Identity, Facts] | None = None,
    ) -> list[Damage]:
        found = list(damage(folder, pause, seen))
        if found:
            aside = self.root / f"{_ASIDE}{folder.name}"
            try:
                if aside.exists() and folder.exists():  # of an index that was removed by hand
                    shutil.rmtree(aside, ignore_errors=True)
                folder.rename(aside)
            except FileNotFoundError:  # another process has put it aside
                pass
            except OSError:  # not ours to rename
                self._bad[folder] = found
            else:
                with suppress(OSError):  # a full disk, say
                    write_damage(aside, found)
        return found

    def put_aside(self) -> list[Damage]:
        """What was found damaged since the last write, whoever found it."""
        found = [one for folder, bad in self._bad.items() if folder.is_dir() for one in bad]
        for folder in sorted(self.root.glob(f"{_ASIDE}*")):
            found += read_damage(folder) or [Damage(folder.name, "", "was put aside as damaged")]
        return found

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
        if not self.root.is_dir():
            try:
                self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                raise self._no_place("is no folder") from None
            fsync(self.root.parent)
        with self._locked(wait):
            try:
                before = None if fresh else self.current()
            except IndexMissing:
                before = None
            self._tidy()
            if before and not before.notice:  # damage was in what nobody is served any more
                self._forget_damage()
            facts = self._versions() | {
                "purpose": purpose,
                "before": before.name if before else None,
            }
            checkpoint = self._checkpoint(fresh)
            begun = self._saved(checkpoint, facts) if purpose is not None else None
            if begun is None and before is not None:
                begun = Beginning(before.folder, before.manifest, before.engine)
            draft = DirectoryDraft(self.root / _DRAFT, checkpoint, facts, self._format, begun)
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
                self._collect()
                self._renew_spare()
                self._forget_damage()
            except OSError as error:
                draft.trouble = f"the spare copy or what is old could not be seen to: {error}"
                discard(self.root / _NEW_SPARE)

    @contextmanager
    def _locked(self, wait: bool) -> Iterator[None]:
        """The right to write, which ends with the process at the latest."""
        descriptor = os.open(self.root / "LOCK", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
                raise IndexLocked(
                    f"process {holder or 'unknown'} is writing to {self.root}; try again when it"
                    " has finished, or say --wait"
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _tidy(self) -> None:
        """Removes what a write that was killed left."""
        for name in (_DRAFT, _NEW_SPARE):
            if (self.root / name).exists():
                shutil.rmtree(self.root / name)
        for trash in self.root.glob("trash-*"):
            shutil.rmtree(trash, ignore_errors=True)

    def interrupted(self, fresh: bool) -> str | None:
        """The purpose of a write that was saved and not ended; None if there is none to go on."""
        with suppress(IndexDamaged, KeyError):
            return str(read_manifest(self._checkpoint(fresh))["purpose"])
        return None

    def _checkpoint(self, fresh: bool) -> Path:
        return self.root / f"{_CHECKPOINT}-{'reindex' if fresh else 'index'}"

    def _forget_damage(self) -> None:
        for path in self.root.glob(f"{_ASIDE}*"):
            discard(path)

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
        name = f"{self._newest_number() + 1:06}"
        served = self.current_name()
        facts = self._versions() | {
            "published": self._clock(),
            "lineage": before.lineage if before else f"gen-{name}",
            # The newest generation that shares nothing with this one.
            "apart": before.manifest["apart"] if before else served,
        }
        manifest = draft.seal(facts)
        draft.folder.rename(self._folder(name))
        fsync(self.root)
        pointer = self.root / "CURRENT.new"
        pointer.write_text(f"{name} {digest(manifest)[:_DIGEST]}\n", "ascii")
        fsync(pointer)
        pointer.replace(self.root / "CURRENT")
        fsync(self.root)
        folder, engine = self._folder(name), draft.finished()
        inode = folder.stat().st_ino
        with self._lock:
            self._keep_open(DirectoryGeneration(name, engine, manifest, folder, inode, self._clock))

    def _newest_number(self) -> int:
        """Of all that ever were, as far as can be told: no number is given twice."""
        names = [path.name for path in self.root.iterdir()]
        found = (re.fullmatch(r"(?:.*-)?(?:gen|spare)-([0-9]+)", name) for name in names)
        return max((int(one[1]) for one in found if one), default=0)

    def _names(self, *kinds: str) -> list[str]:
        """All generations on disk, the oldest first; of *kinds*, `gen` and `spare`, or both."""
        found = set()
        for kind in kinds or ("gen", "spare"):
            names = (path.name.removeprefix(f"{kind}-") for path in self.root.glob(f"{kind}-*"))
            found |= {name for name in names if name.isdigit()}
        return sorted(found, key=int)

    # -- what is kept ----------------------------------------------------------------------------

    def _collect(self) -> None:
        """Removes generations that nobody can need any more, the oldest first."""
        current = self.current()
        names = self._names("gen")
        number = names.index(current.name)
        for name in names[number + 1 :]:  # made, but CURRENT was not replaced any more
            discard(self._folder(name))
        for place, name in enumerate(names[: max(0, number - KEPT_BEFORE)]):
            if self._published(names[place + 1]) > self._clock() - KEPT_SECONDS:
                break
            if name != current.manifest["apart"] or self._spare(current):
                discard(self._folder(name))

    def articles(self) -> int:
        """How many articles the newest generation has, also if it cannot be opened; 0 if none."""
        names = self._names()
        for folder in self._folders(names[-1]) if names else ():
            with suppress(IndexDamaged):
                return int(read_manifest(folder).get("articles", 0))
        return 0

    def _published(self, name: str) -> float:
        with suppress(IndexDamaged, KeyError, ValueError):
            return float(read_manifest(self._folder(name))["published"])
        return 0.0

    def _spare(self, current: DirectoryGeneration) -> Path | None:
        """The spare, if it shares nothing with *current*."""
        folders = [self.root / f"spare-{name}" for name in self._names("spare")]
        apart = [folder for folder in folders if folder.name != current.lineage]
        return apart[-1] if apart else None

    def _renew_spare(self) -> None:
        """Copies the current generation if nothing that shares no file with it is recent enough."""
        current = self.current()
        spare = self._spare(current)
        apart = spare or self._folder(current.manifest["apart"] or "")
        with suppress(IndexDamaged):
            age = self._clock() - read_manifest(apart)["published"]
            if abs(age) < SPARE_SECONDS:  # a clock may have jumped
                return
        new = self.root / _NEW_SPARE
        if copy_whole(current.folder, new):
            target = self.root / f"spare-{current.name}"
            discard(target)  # of an index that was removed by hand
            new.rename(target)
            fsync(self.root)
            for name in self._names("spare"):
                if name != current.name:
                    discard(self.root / f"spare-{name}")
        else:  # it is not on disk as it was written a moment ago
            discard(new)
            self.verify()


def _spoken(seconds: float) -> str:
    """A time span as it is said: its largest unit.

    >>> _spoken(42), _spoken(7300), _spoken(200_000)
    ('42 seconds', '2 hours', '2 days')
    """
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s"
    return f"{seconds:.0f} seconds"
