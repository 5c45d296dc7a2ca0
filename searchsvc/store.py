"""Generations of an index in a directory, one of them current.

    index/
      CURRENT               "000002", replaced atomically
      LOCK                  held while somebody writes, with the pid
      gen-000001/
      gen-000002/
        MANIFEST.json       engine, versions, counts; size and SHA-256 of every file
        ledger.sqlite       files that belong to the generation as a whole
        engine/             the engine's own files

A generation on disk never changes. A write works in a private folder: the engine's files are hard
links to those of the current generation (engines write new files, they change none), the others
are copies. When it is whole, every new file and its folder are synced to disk, the folder gets
its name, and CURRENT is replaced. Readers go on with the generation that they have open.

Kept are the newest generation, the two before it, and whatever was current in the last quarter of
an hour, as cursors may still walk through it.
"""

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from searchsvc.analysis import ANALYSIS_VERSION
from searchsvc.article import Article
from searchsvc.engines import PrivateWriter, engine_format
from searchsvc.engines.base import Engine
from searchsvc.errors import IndexDamaged, IndexLocked, IndexMissing, IndexOutdated
from searchsvc.schema import SCHEMA_VERSION

KEPT_BEFORE = 2  # generations before the current one
OPEN_BEFORE = 3  # generations, of which the engines stay open for cursors
KEPT_SECONDS = 15 * 60.0  # after a generation was replaced

_ENGINE = "engine"
_MANIFEST = "MANIFEST.json"
_DRAFT = "draft"  # the private folder of a write; there is one writer at a time


@dataclass(frozen=True, slots=True)
class DirectoryGeneration:
    """A published generation, its engine open."""

    name: str
    engine: Engine
    manifest: dict[str, Any]
    folder: Path
    inode: int


class DirectoryDraft:
    """A generation in the making."""

    def __init__(self, folder: Path, writer: PrivateWriter) -> None:
        self._folder = folder
        self._writer = writer

    def add(self, article: Article) -> None:
        """Puts an article in; its id must not be there, or be deleted first."""
        self._writer.add(article)

    def delete(self, id: str) -> None:
        """Takes the article with this id out, if it is there."""
        self._writer.delete(id)

    def path(self, name: str) -> str:
        """Where the file *name* of this generation is; it holds the previous one's copy."""
        return str(self._folder / name)


class DirectoryStore:
    """The generations in *root*, searched and written with the engine *engine*."""

    def __init__(
        self, root: Path, engine: str = "whoosh", clock: Callable[[], float] = time.time
    ) -> None:
        self.root = root
        self._format = engine_format(engine)
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, DirectoryGeneration] = {}

    # -- reading -------------------------------------------------------------------------------

    def current(self) -> DirectoryGeneration:
        """The newest generation, open; a new one is picked up as soon as it is published.

        Raises IndexMissing, IndexOutdated or IndexDamaged.
        """
        name = self.current_name()
        while name is not None:
            if generation := self.generation(name):
                return generation
            before, name = name, self.current_name()
            if name == before:  # else it was replaced and collected since CURRENT was read
                raise IndexDamaged(f"{self._folder(name)} is missing; {_REBUILD}")
        raise IndexMissing(f"there is no index in {self.root}; make one: searchsvc index")

    def generation(self, name: str) -> DirectoryGeneration | None:
        """A generation that is still kept, open; None if it is gone."""
        with self._lock:
            folder = self._folder(name)
            if not folder.is_dir() or self._is_unfinished(folder):
                return None
            opened = self._open.get(name)
            if opened and opened.inode == folder.stat().st_ino:  # not of an index made anew
                return opened
            opened = self._opened(name, folder)
            # An engine that is let go of here lives until the last search on it ends.
            kept = list(self._open.items())[-OPEN_BEFORE:]
            self._open = {**dict(kept), name: opened}
            return opened

    def current_name(self) -> str | None:
        """The number of the current generation, or None."""
        try:
            return (self.root / "CURRENT").read_text("ascii", "replace").strip()
        except FileNotFoundError:
            return None

    def _folder(self, name: str) -> Path:
        return self.root / f"gen-{name}"

    def _is_unfinished(self, folder: Path) -> bool:
        return not (folder / _MANIFEST).exists() and folder.name != f"gen-{self.current_name()}"

    def _opened(self, name: str, folder: Path) -> DirectoryGeneration:
        manifest = self._read_manifest(folder)
        for file, facts in manifest["files"].items():
            path = folder / file
            if not path.is_file() or path.stat().st_size != facts["size"]:
                raise IndexDamaged(f"{path} is missing or cut short; {_REBUILD}")
        engine = self._format.open_engine(folder / _ENGINE)
        return DirectoryGeneration(name, engine, manifest, folder, folder.stat().st_ino)

    def _read_manifest(self, folder: Path) -> dict[str, Any]:
        try:
            manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_bytes())
        except (OSError, ValueError) as error:
            raise IndexDamaged(
                f"{folder / _MANIFEST} cannot be read: {error}; {_REBUILD}"
            ) from None
        for key, ours in self._versions().items():
            if manifest.get(key) != ours:
                raise IndexOutdated(
                    f"the index in {self.root} was made for {key} {manifest.get(key)!r}, this is"
                    f" {ours!r}; {_REBUILD}"
                )
        return manifest

    def _versions(self) -> dict[str, Any]:
        return {
            "engine": self._format.NAME,
            "engine version": self._format.VERSION,
            "schema": SCHEMA_VERSION,
            "analysis": ANALYSIS_VERSION,
        }

    def status(self) -> dict[str, Any]:
        """What the current generation is: engine, number, age in seconds, articles, bytes.

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
            "kept": self._names(),
        }

    # -- writing -------------------------------------------------------------------------------

    def file(self, name: str) -> str | None:
        """Where the file *name* of the current generation is; None if there is no index."""
        return str(self.current().folder / name) if self.current_name() else None

    @contextmanager
    def write(self, *, fresh: bool = False) -> Iterator[DirectoryDraft]:
        """A draft of the next generation, current when the block ends without an exception.

        It begins as the current one, or empty if *fresh* or if there is none. Raises IndexLocked.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            before = None if fresh or self.current_name() is None else self.current()
            folder = self._begin(before)
            try:
                writer = self._format.open_writer(folder / _ENGINE)
                try:
                    yield DirectoryDraft(folder, writer)
                except BaseException:
                    with contextlib.suppress(Exception):
                        writer.cancel()
                    raise
                writer.commit()
                self._publish(folder, before)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._collect()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The right to write, which ends with the process at the latest."""
        descriptor = os.open(self.root / "LOCK", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
                raise IndexLocked(
                    f"process {holder or 'unknown'} is writing to {self.root}; try again when it"
                    " has finished"
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _begin(self, before: DirectoryGeneration | None) -> Path:
        """A private folder that holds what *before* does."""
        folder = self.root / _DRAFT
        shutil.rmtree(folder, ignore_errors=True)  # of a write that was killed
        folder.mkdir(mode=0o700)
        (folder / _ENGINE).mkdir()
        for name in before.manifest["files"] if before else ():
            assert before is not None
            source, target = before.folder / name, folder / name
            if target.parent.name == _ENGINE:
                _link(source, target)
            else:
                shutil.copy2(source, target)
        return folder

    def _publish(self, folder: Path, before: DirectoryGeneration | None) -> None:
        files = self._sync(folder, before)
        articles = self._format.open_engine(folder / _ENGINE).count()
        manifest = self._versions() | {
            "articles": articles,
            "published": self._clock(),
            "files": files,
        }
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
        _fsync(folder / _MANIFEST)
        _fsync(folder / _ENGINE)
        _fsync(folder)
        name = f"{self._newest_number() + 1:06}"
        folder.rename(self._folder(name))
        _fsync(self.root)
        pointer = self.root / "CURRENT.new"
        pointer.write_text(name + "\n", "ascii")
        _fsync(pointer)
        pointer.replace(self.root / "CURRENT")
        _fsync(self.root)

    def _sync(self, folder: Path, before: DirectoryGeneration | None) -> dict[str, dict[str, Any]]:
        """Every file with its size and hash, on disk; those of linked files are known."""
        files: dict[str, dict[str, Any]] = {}
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if not path.is_file() or name == _MANIFEST:
                continue
            known = before.manifest["files"].get(name) if before else None
            if known and before and path.samefile(before.folder / name):
                files[name] = known
                continue
            _fsync(path)
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            files[name] = {"size": path.stat().st_size, "sha256": digest}
        return files

    def _newest_number(self) -> int:
        return max((int(name) for name in self._names()), default=0)

    def _names(self) -> list[str]:
        """All generations on disk, the oldest first."""
        folders = (path.name for path in self.root.glob("gen-*"))
        names = (name.removeprefix("gen-") for name in folders)
        return sorted((name for name in names if name.isdigit()), key=int)

    def _collect(self) -> None:
        """Removes generations that nobody can need any more."""
        names = self._names()
        for number, name in enumerate(names[: -1 - KEPT_BEFORE]):
            if self._replaced_at(names[number + 1]) < self._clock() - KEPT_SECONDS:
                # Out of sight first: nobody opens it when half of it is gone.
                trash = self.root / f"trash-{name}"
                self._folder(name).rename(trash)
                shutil.rmtree(trash, ignore_errors=True)

    def _replaced_at(self, successor: str) -> float:
        with contextlib.suppress(OSError, ValueError, KeyError):
            manifest = json.loads((self._folder(successor) / _MANIFEST).read_bytes())
            return float(manifest["published"])
        return 0.0


_REBUILD = "rebuild it: searchsvc reindex"


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
