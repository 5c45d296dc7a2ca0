"""A generation in the making: a private folder that begins as another and is published in the end.

A long build is saved now and then: a *checkpoint* is a generation that nobody sees, made of links
to what is there so far. When the build is interrupted, the next one of its kind begins from it.
"""

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from searchsvc import generation
from searchsvc.article import Article
from searchsvc.engines import Format
from searchsvc.engines.base import Engine
from searchsvc.generation import Manifest

ENGINE = "engine"  # the folder of the engine's own files


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a draft begins as: a generation or a checkpoint, which it links the files of."""

    folder: Path
    manifest: Manifest
    engine: Engine
    is_checkpoint: bool = False


class DirectoryDraft:
    """The draft in *folder*, which is made anew; *checkpoint* is where it may be saved.

    *facts* go into the manifest of a checkpoint, and tell whether a later build can go on there.
    """

    def __init__(
        self,
        folder: Path,
        checkpoint: Path,
        facts: Mapping[str, Any],
        format: Format,
        begun: Beginning | None,
    ) -> None:
        self.folder = folder
        self.trouble: str | None = None
        self.doubted = ()  # what is read is never written to
        self._checkpoint = checkpoint
        self._facts = facts
        self._format = format
        self._begun = begun
        self._made_from = (begun.folder, begun.manifest) if begun else None
        self._finished: Engine | None = None
        self._private: set[str] = set()  # files that are no links and may be written to
        self._known: dict[generation.Identity, generation.Facts] = {}
        folder.mkdir(mode=0o700)
        (folder / ENGINE).mkdir()
        if begun:
            generation.link_files(begun.folder, folder, begun.manifest["files"])
            self._known = generation.known_files(begun.folder, begun.manifest)
        self._writer = format.open_writer(folder / ENGINE)

    @property
    def begun(self) -> Engine | None:
        """The index that it began as, open; None if it began empty."""
        return self._begun.engine if self._begun else None

    @property
    def is_resumed(self) -> bool:
        """Whether it goes on where an interrupted build was."""
        return self._begun is not None and self._begun.is_checkpoint

    def add(self, article: Article) -> None:
        """Puts an article in; its id must not be there, or be deleted first."""
        self._writer.add(article)

    def delete(self, id: str) -> None:
        """Takes the article with this id out, if it is there."""
        self._writer.delete(id)

    def path(self, name: str) -> str:
        """Where the file *name* of this generation is, to be changed or made.

        It holds the previous one's copy.
        """
        path = self.folder / name
        if name not in self._private and path.exists():
            copy = path.with_name(path.name + ".copy")
            shutil.copyfile(path, copy)
            copy.replace(path)
        self._private.add(name)
        return str(path)

    def linked(self, name: str) -> str | None:
        """Where the file *name* of the previous generation is, to be read; None if it had none.

        It may be removed or replaced, but not changed.
        """
        path = self.folder / name
        return str(path) if path.exists() else None

    def save(self) -> None:
        """Makes a checkpoint of what is there. Files under `path` must be whole at this moment."""
        self._writer.commit(merge=False)
        new = self._checkpoint.with_name(self._checkpoint.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        there = [path for path in self.folder.rglob("*") if path.is_file()]
        names = {path.relative_to(self.folder).as_posix() for path in there}
        generation.link_files(self.folder, new, names - self._private)
        for name in names & self._private:
            shutil.copyfile(self.folder / name, new / name)
        self._check_left_out()
        manifest = generation.seal(new, dict(self._facts), self._known)
        self._known |= generation.known_files(new, manifest)
        discard(self._checkpoint)
        new.rename(self._checkpoint)
        generation.fsync(self._checkpoint.parent)
        self._made_from = (self._checkpoint, manifest)
        self._writer = self._format.open_writer(self.folder / ENGINE)

    def finished(self) -> Engine:
        """The index as it will be published; nothing is added or deleted after."""
        if self._finished is None:
            self._writer.commit()
            self._finished = self._format.open_engine(self.folder / ENGINE)
        return self._finished

    def seal(self, facts: Mapping[str, Any]) -> Manifest:
        """Has everything on disk with a manifest that says *facts*, ready to be published.

        Raises IndexDamaged if something that it was made from is not as it was written.
        """
        articles = self.finished().count()
        self._check_left_out()
        return generation.seal(self.folder, {**facts, "articles": articles}, self._known)

    def _check_left_out(self) -> None:
        if self._made_from:
            generation.check_left_out(*self._made_from, self.folder)

    def drop(self) -> None:
        """Lets go of everything; a checkpoint stays."""
        if self._finished is None:
            with contextlib.suppress(Exception):
                self._writer.cancel()
        shutil.rmtree(self.folder, ignore_errors=True)


def discard(folder: Path) -> None:
    """Removes a folder, if it is there: out of sight first, so nobody opens it half removed."""
    names = (folder.with_name(f"trash-{number}-{folder.name}") for number in count())
    trash = next(name for name in names if not name.exists())  # some may not go away at once
    with contextlib.suppress(FileNotFoundError):
        os.rename(folder, trash)
        generation.fsync(folder.parent)  # else half of it might be there after a loss of power
    shutil.rmtree(trash, ignore_errors=True)
