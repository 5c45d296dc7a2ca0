"""The folder of an index: what lies where, what CURRENT says, what was put aside, who may write.

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

Nothing here knows an engine: store.py opens what lies here, and keeping.py says for how long.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from searchsvc.draft import discard
from searchsvc.errors import ConfigError, IndexDamaged, IndexLocked
from searchsvc.generation import (
    Damage,
    Facts,
    Identity,
    Manifest,
    damage,
    digest,
    fsync,
    read_damage,
    read_manifest,
    write_damage,
)

_ASIDE = "damaged-"
_CHECKPOINT = "checkpoint"
_DIGEST = 16  # digits of a manifest's hash in CURRENT


class IndexFolder:
    """The folder *root*, which need not be there yet."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.draft = root / "draft"  # the private folder of a write; there is one writer at a time
        self.new_spare = root / "spare.new"
        self._bad: dict[Path, list[Damage]] = {}  # folders that could not be put aside

    # -- generations -----------------------------------------------------------------------------

    def generation(self, name: str) -> Path:
        """Where the generation *name* is, if it is there."""
        return self.root / f"gen-{name}"

    def spare(self, name: str) -> Path:
        """Where the spare copy of the generation *name* is, if there is one."""
        return self.root / f"spare-{name}"

    def places(self, name: str) -> list[Path]:
        """Where the generation *name* can be opened: itself, and its spare."""
        folders = [self.generation(name), self.spare(name)]
        return [folder for folder in folders if folder.is_dir() and self.is_good(folder)]

    def names(self, *kinds: str) -> list[str]:
        """All generations on disk, the oldest first; of *kinds*, `gen` and `spare`, or both."""
        found = set()
        for kind in kinds or ("gen", "spare"):
            names = (path.name.removeprefix(f"{kind}-") for path in self.root.glob(f"{kind}-*"))
            found |= {name for name in names if name.isdigit()}
        return sorted(found, key=int)

    def newest_number(self) -> int:
        """Of all that ever were, as far as can be told: no number is given twice."""
        names = [path.name for path in self.root.iterdir()]
        found = (re.fullmatch(r"(?:.*-)?(?:gen|spare)-([0-9]+)", name) for name in names)
        return max((int(one[1]) for one in found if one), default=0)

    # -- CURRENT ---------------------------------------------------------------------------------

    def pointer(self) -> str | None:
        """What CURRENT says, if it makes sense; "" if not, and None if it is not there."""
        try:
            said = (self.root / "CURRENT").read_text("ascii", "replace")
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            raise self._no_folder() from None
        return said if re.fullmatch(rf"[0-9]+ [0-9a-f]{{{_DIGEST}}}\n", said) else ""

    def turn(self, name: str, manifest: Manifest) -> None:
        """Has CURRENT say *name*, on disk, in one step."""
        new = self.root / "CURRENT.new"
        new.write_text(f"{name} {digest(manifest)[:_DIGEST]}\n", "ascii")
        fsync(new)
        new.replace(self.root / "CURRENT")
        fsync(self.root)

    # -- damage ----------------------------------------------------------------------------------

    def is_good(self, folder: Path) -> bool:
        """Whether *folder* may be served, as far as anybody has looked."""
        return folder not in self._bad

    def look(
        self,
        folder: Path,
        pause: Callable[[int], None] = lambda size: None,
        seen: dict[Identity, Facts] | None = None,
    ) -> list[Damage]:
        """What is wrong in *folder*, after a look at every byte; if anything is, it is put aside.

        *pause* and *seen* as for `generation.damage`.
        """
        found = list(damage(folder, pause, seen))
        if found:
            aside = self._aside(folder)
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

    def aside(self, name: str) -> Path:
        """Where the generation *name* is if it was put aside."""
        return self._aside(self.generation(name))

    def _aside(self, folder: Path) -> Path:
        return self.root / f"{_ASIDE}{folder.name}"

    def forget_damage(self) -> None:
        """Removes what was put aside."""
        for path in self.root.glob(f"{_ASIDE}*"):
            discard(path)

    # -- writing ---------------------------------------------------------------------------------

    def make(self) -> None:
        """Makes the folder, for its owner alone, if it is not there. Raises ConfigError."""
        if not self.root.is_dir():
            try:
                self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                raise self._no_folder() from None
            fsync(self.root.parent)

    def _no_folder(self) -> ConfigError:
        said = f"the index folder {str(self.root)!r} is no folder"
        return ConfigError(f"{said}; choose another with --index")

    @contextmanager
    def locked(self, wait: bool) -> Iterator[None]:
        """The right to write, which ends with the process at the latest. Raises IndexLocked."""
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

    def tidy(self) -> None:
        """Removes what a write that was killed left."""
        for folder in (self.draft, self.new_spare):
            if folder.exists():
                shutil.rmtree(folder)
        for trash in self.root.glob("trash-*"):
            shutil.rmtree(trash, ignore_errors=True)

    def checkpoint(self, fresh: bool) -> Path:
        """Where a write is saved now and then: a rebuild if *fresh*, else an update."""
        return self.root / f"{_CHECKPOINT}-{'reindex' if fresh else 'index'}"

    def checkpoints(self) -> list[str]:
        """The names of those that are there."""
        return sorted(path.name for path in self.root.glob(f"{_CHECKPOINT}-*"))

    def interrupted(self, fresh: bool) -> str | None:
        """The purpose of a write that was saved and not ended; None if there is none to go on."""
        with suppress(IndexDamaged, KeyError):
            return str(read_manifest(self.checkpoint(fresh))["purpose"])
        return None
