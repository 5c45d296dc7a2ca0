"""Bugs to be planted, one at a time: the harnesses have to notice each of them.

`plant` changes the product in this process: the fork of a driver, or a test that takes it back.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from searchsvc import cli, draft, generation, index_folder, keeping, store
from searchsvc.draft import DirectoryDraft
from searchsvc.errors import IndexDamaged
from searchsvc.generation import Damage
from searchsvc.index_folder import IndexFolder
from searchsvc.published import DirectoryGeneration

Patch = Callable[[Any, str, Any], None]


def _patch_fsync(patch: Patch, fsync: Callable[[Path], None]) -> None:
    for module in (generation, index_folder, keeping, store):
        patch(module, "fsync", fsync)


def _no_sync(patch: Patch) -> None:
    """Nothing is ever synced."""
    _patch_fsync(patch, lambda path: None)


def _folders_not_synced(patch: Patch) -> None:
    """The data of files is synced, the names in folders are not."""
    sync = generation.fsync

    def sync_files(path: Path) -> None:
        if path.is_file():
            sync(path)

    _patch_fsync(patch, sync_files)


def _sync_may_fail(patch: Patch) -> None:
    """A sync that fails is passed over."""
    sync = generation.fsync

    def try_to_sync(path: Path) -> None:
        with suppress(OSError):
            sync(path)

    _patch_fsync(patch, try_to_sync)


def _failure_acknowledged(patch: Patch) -> None:
    """What could not be written is said to be done."""
    patch(cli, "exit_code", lambda error: 0)


def _old_removed_first(patch: Patch) -> None:
    """What is kept is removed before the new generation is there."""
    seal = draft.DirectoryDraft.seal

    def seal_alone(self: draft.DirectoryDraft, *arguments: Any) -> generation.Manifest:
        sealed = seal(self, *arguments)
        for folder in self.folder.parent.glob("*-[0-9]*"):
            shutil.rmtree(folder)
        return sealed

    patch(draft.DirectoryDraft, "seal", seal_alone)


def _ledger_shared(patch: Patch) -> None:
    """The ledger of the new generation is the file of the old one, not a copy."""

    def path(self: DirectoryDraft, name: str) -> str:
        self._private.add(name)
        return str(self.folder / name)

    patch(DirectoryDraft, "path", path)


def _changed_in_place(patch: Patch) -> None:
    """A file that generations share is written anew where it lies."""
    link = generation.link_files

    def link_and_write(source: Path, target: Path, names: Any) -> None:
        link(source, target, names)
        for path in sorted((target / "engine").glob("*.trm")):
            data = path.read_bytes()
            with path.open("r+b", buffering=0) as file:
                file.write(bytes(len(data)))
                file.seek(0)
                file.write(data)

    patch(generation, "link_files", link_and_write)


def _sizes_only(patch: Patch) -> None:
    """`verify` compares sizes, and reads nothing."""

    def damage(folder: Path, pause: Any = None, seen: Any = None) -> Iterator[Damage]:
        try:
            generation.check_sizes(folder, generation.read_manifest(folder))
        except IndexDamaged as error:
            yield Damage(folder.name, generation.MANIFEST, str(error))

    patch(index_folder, "damage", damage)


def _spare_linked(patch: Patch) -> None:
    """A spare shares the files of its generation."""
    copy = generation.copy_whole

    def link_whole(source: Path, target: Path) -> bool:
        done = copy(source, target)
        for name in generation.read_manifest(source)["files"]:
            (target / name).unlink()
            os.link(source / name, target / name)
        return done

    patch(keeping, "copy_whole", link_whole)


def _newest_by_clock(patch: Patch) -> None:
    """Kept are the generations that the clock calls the newest."""

    def collect(index: IndexFolder, current: DirectoryGeneration, now: float) -> None:
        names = sorted(index.names("gen"), key=lambda name: keeping._published(index, name))
        for name in names[: -1 - keeping.KEPT_BEFORE]:
            draft.discard(index.generation(name))

    patch(keeping, "collect", collect)


BUGS: dict[str, Callable[[Patch], None]] = {
    bug.__name__.strip("_"): bug
    for bug in (
        _no_sync,
        _folders_not_synced,
        _sync_may_fail,
        _failure_acknowledged,
        _old_removed_first,
        _ledger_shared,
        _changed_in_place,
        _sizes_only,
        _spare_linked,
        _newest_by_clock,
    )
}


def plant(name: str, patch: Patch = setattr) -> None:
    """Plants the bug *name*; *patch* may be one that takes it back some day."""
    BUGS[name](patch)
