"""For how long generations are kept, and the copy of one that shares no file with the others.

Kept are the newest generation, the two before it, and whatever was current in the last quarter of
an hour, as cursors may still walk through it. Linked files are one file on the disk, so a bad bit
is in every generation that has it: a generation, or a spare copy of one, that shares no file with
the current one is kept besides.
"""

from contextlib import suppress
from pathlib import Path

from searchsvc.draft import discard
from searchsvc.errors import IndexDamaged
from searchsvc.generation import copy_whole, fsync, read_manifest
from searchsvc.index_folder import IndexFolder
from searchsvc.published import DirectoryGeneration

KEPT_BEFORE = 2  # generations before the current one
KEPT_SECONDS = 15 * 60.0  # after a generation was replaced
SPARE_SECONDS = 24 * 60 * 60.0  # the age at which a spare is renewed


def collect(index: IndexFolder, current: DirectoryGeneration, now: float) -> None:
    """Removes generations that nobody can need any more, the oldest first."""
    names = index.names("gen")
    number = names.index(current.name)
    for name in names[number + 1 :]:  # made, but CURRENT was not replaced any more
        discard(index.generation(name))
    for place, name in enumerate(names[: max(0, number - KEPT_BEFORE)]):
        if _published(index, names[place + 1]) > now - KEPT_SECONDS:
            break
        if name != current.manifest["apart"] or _spare(index, current):
            discard(index.generation(name))


def renew_spare(index: IndexFolder, current: DirectoryGeneration, now: float) -> bool:
    """Copies *current* if nothing that shares no file with it is recent enough.

    False if it is not on disk as it was written a moment ago.
    """
    apart = _spare(index, current) or index.generation(current.manifest["apart"] or "")
    with suppress(IndexDamaged):
        age = now - read_manifest(apart)["published"]
        if abs(age) < SPARE_SECONDS:  # a clock may have jumped
            return True
    spare = index.spare(current.name)
    if not copy_whole(current.folder, index.new_spare):
        discard(index.new_spare)
        return False
    discard(spare)  # of an index that was removed by hand
    index.new_spare.rename(spare)
    fsync(index.root)
    for name in index.names("spare"):
        if name != current.name:
            discard(index.spare(name))
    return True


def _spare(index: IndexFolder, current: DirectoryGeneration) -> Path | None:
    """The spare, if it shares nothing with *current*."""
    folders = [index.spare(name) for name in index.names("spare")]
    apart = [folder for folder in folders if folder.name != current.lineage]
    return apart[-1] if apart else None


def _published(index: IndexFolder, name: str) -> float:
    """When the generation *name* was published, in seconds since 1970; 0 if that is not known."""
    with suppress(IndexDamaged, KeyError, ValueError):
        return float(read_manifest(index.generation(name))["published"])
    return 0.0
