"""One generation on disk: its files, and the manifest that tells whether they are whole.

    MANIFEST.json      sha256 of the rest of the manifest; store, engine, schema and analysis
                       versions; articles; when it was published; size and SHA-256 of every file

A manifest is written last, when everything else is on disk, so a folder that has one was whole.
Disks and people change files all the same: `damage` reads every byte and tells what differs.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from searchsvc.errors import IndexDamaged

MANIFEST = "MANIFEST.json"
_DAMAGE_FOUND = "DAMAGE.json"  # in a folder that was put aside

_DAMAGE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EIO)
_CHUNK = 1 << 20  # bytes read between two pauses

# Size and SHA-256 of a file, and of several by name.
Facts: TypeAlias = dict[str, Any]
Manifest: TypeAlias = dict[str, Any]
# What tells a file from all others, whatever it is called: device, inode, size, time.
Identity: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Damage:
    """A file of a generation that does not hold what was written, and in which way."""

    generation: str | None  # the name of its folder; None for what is beside all
    file: str
    reason: str

    def __str__(self) -> str:
        where = "/".join(part for part in (self.generation, self.file) if part)
        return f"{where}: {self.reason}"


def read_manifest(folder: Path) -> Manifest:
    """The manifest in *folder*. Raises IndexDamaged if it is not there or not as it was written."""
    path = folder / MANIFEST
    try:
        manifest: Manifest = json.loads(path.read_bytes())
        if manifest.pop("sha256", None) not in (None, digest(manifest)):
            raise ValueError("it is not as it was written")
    except OSError as error:
        raise_unless_damage(error)
        raise IndexDamaged(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, AttributeError, TypeError) as error:  # JSON, but not ours
        raise IndexDamaged(f"{path} cannot be read: {error}") from None
    return manifest


def raise_unless_damage(error: OSError) -> None:
    """Raises *error* unless it tells of the file: no handles, no memory, no leave are no damage."""
    if error.errno not in _DAMAGE:
        raise error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Puts *manifest* into *folder*, and has both on disk when it returns."""
    sealed = {"sha256": digest(manifest), **manifest}
    (folder / MANIFEST).write_text(json.dumps(sealed, indent=1), "utf-8")
    fsync(folder / MANIFEST)
    fsync(folder)


def digest(manifest: Manifest) -> str:
    """The SHA-256 of what a manifest says."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def check_sizes(folder: Path, manifest: Manifest) -> None:
    """Raises IndexDamaged if a file is missing or of another size: a look that costs no reading."""
    for name, facts in manifest["files"].items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != facts["size"]:
            raise IndexDamaged(f"{path} is missing or cut short")


def damage(
    folder: Path,
    pause: Callable[[int], None] = lambda size: None,
    seen: dict[Identity, Facts] | None = None,
) -> Iterator[Damage]:
    """What is wrong in *folder*, after a look at every byte of it.

    *pause* is called with the bytes read since it was last. Files that are among *seen* are not
    read again, and those read are put there. A folder that is removed meanwhile has nothing wrong
    with it. Raises OSError for what tells nothing of the files.
    """
    seen = {} if seen is None else seen
    try:
        manifest = read_manifest(folder)
    except IndexDamaged as error:
        if folder.is_dir():
            yield Damage(folder.name, MANIFEST, str(error))
        return
    for name, facts in manifest["files"].items():
        try:
            path = folder / name
            identity = _identity(path)
            found = seen[identity] = seen.get(identity) or _facts(path, pause)
        except OSError as error:
            raise_unless_damage(error)
            if folder.is_dir():
                yield Damage(folder.name, name, f"cannot be read: {error.strerror}")
            continue
        if found["size"] != facts["size"]:
            said = f"has {found['size']:,} bytes of {facts['size']:,}"
            yield Damage(folder.name, name, said)
        elif found != facts:
            yield Damage(folder.name, name, "does not hold what was written (SHA-256)")


def write_damage(folder: Path, found: list[Damage]) -> None:
    """Keeps in *folder* what was found in it. Raises OSError."""
    content = json.dumps([asdict(one) for one in found], indent=1)
    (folder / _DAMAGE_FOUND).write_text(content, "utf-8")


def read_damage(folder: Path) -> list[Damage]:
    """What was found in *folder*; empty if that could not be kept."""
    try:
        return [Damage(**one) for one in json.loads((folder / _DAMAGE_FOUND).read_bytes())]
    except (OSError, ValueError, TypeError):
        return []


def _facts(path: Path, pause: Callable[[int], None] = lambda size: None) -> Facts:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            pause(len(chunk))
    return {"size": size, "sha256": digest.hexdigest()}


def seal(folder: Path, manifest: Manifest, known: Mapping[Identity, Facts]) -> Manifest:
    """Makes a generation of *folder*: everything in it on disk, then the manifest that it gives.

    *known* are the facts of files that another generation has too: these were synced with it, and
    are neither read nor synced again.
    """
    files: dict[str, Facts] = {}
    for path in _files(folder):
        facts = known.get(_identity(path))
        if facts is None:
            fsync(path)
            facts = _facts(path)
        files[path.relative_to(folder).as_posix()] = facts
    for inner in {(folder / name).parent for name in files} - {folder}:
        fsync(inner)
    sealed = {**manifest, "files": files}
    write_manifest(folder, sealed)
    return sealed


def check_left_out(folder: Path, manifest: Manifest, draft: Path) -> None:
    """Raises IndexDamaged if a file of *folder* that *draft* does not share is not as written.

    What came of it, by a merge or a change, would bear a hash of its own, and look right for ever.
    """
    shared = {_identity(path) for path in _files(draft)}
    for name, facts in manifest["files"].items():
        path = folder / name
        if _identity(path) not in shared and _facts(path) != facts:
            raise IndexDamaged(f"{path} does not hold what was written (SHA-256)")


def known_files(folder: Path, manifest: Manifest) -> dict[Identity, Facts]:
    """The facts of the files of a generation, for `seal`."""
    return {_identity(folder / name): facts for name, facts in manifest["files"].items()}


def _identity(path: Path) -> Identity:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _files(folder: Path) -> list[Path]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in found if path != folder / MANIFEST]


def link_files(source: Path, target: Path, names: Iterable[str]) -> None:
    """Puts the files *names* of *source* into *target* as well, as hard links."""
    for name in names:
        (target / name).parent.mkdir(exist_ok=True)
        try:
            os.link(source / name, target / name)
        except OSError:  # a file system without hard links
            shutil.copy2(source / name, target / name)


def copy_whole(source: Path, target: Path) -> bool:
    """Copies a generation, sharing nothing; whether the copy holds what was written once.

    *target* is complete only then, on disk, with the manifest of *source*.
    """
    manifest = read_manifest(source)
    target.mkdir(mode=0o700, exist_ok=True)
    for name, facts in manifest["files"].items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
        if _facts(target / name) != facts:
            return False
        fsync(target / name)
    for inner in {(target / name).parent for name in manifest["files"]} - {target}:
        fsync(inner)
    write_manifest(target, manifest)
    return True


def fsync(path: Path) -> None:
    """Has a file, or the names in a folder, on disk when it returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
