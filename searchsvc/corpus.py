"""The files of a corpus: what there is to read below a folder, and what is passed over and why.

    for found in scan(Path("corpus")):
        match found:
            case CorpusFile(): ...
            case Skipped(): ...

A corpus is a folder that others write to, so nothing in it is trusted: links may not lead out of
it, only regular files are opened, and what is opened is looked at again, since a file may be
swapped for something else between the scan and the reading. What stands in the files is the
business of `searchsvc.readers`.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from searchsvc.errors import CorpusError, ReadError
from searchsvc.readers import is_about_folder, reader_of, suffix_of
from searchsvc.readers.encoding import binary_kind
from searchsvc.readers.pieces import NOT_NOW

_DEEPEST = 100  # folders in each other; nobody files like that, and Python would give up at 300
_SNIFFED = 8192  # bytes that tell whether a file without a suffix is text
# A folder on the way need not be listed, only passed; without O_PATH (macOS) it must be readable.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file to be read.

    `name` is its path below the corpus root with "/" between, the same on every machine; it may
    hold bytes that are not UTF-8, escaped as surrogates. `source` is the publisher of articles
    that name none: the top folder that holds the file.
    """

    path: Path
    name: str
    size: int
    mtime_ns: int
    reader: str
    source: str

    def open(self) -> BinaryIO:
        """The file, open for reading; ReadError if it is anything but a regular file."""
        try:
            return _open_regular(self.path)
        except OSError as error:
            raise ReadError(f"{NOT_NOW}: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that is not read; `ignored` when that is no fault: a picture, a README."""

    name: str
    reason: str
    ignored: bool = False


def scan(root: Path, below: Path | None = None) -> Iterator[CorpusFile | Skipped]:
    """What there is at *root*, a folder or a file, in the order of names by code point.

    *below*, a path inside the root, limits what is looked at; names stay those below the root.
    """
    try:
        real = root.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise CorpusError(
            f"the corpus {str(root)!r} cannot be opened: {_why(error)};"
            " name a folder or a file that is there"
        ) from None
    if not real.is_dir():
        return _Scan(real.parent).visit(real, root.name)
    if not os.access(real, os.R_OK | os.X_OK):
        raise CorpusError(f"the corpus {str(root)!r} cannot be opened: Permission denied")
    start = name_below(real, below) if below else ""
    above = PurePosixPath(start).parents if start else ()
    if "/." in f"/{start}" or any(is_index(real / folder) for folder in above):
        return iter(())
    return _Scan(real).visit(real / start, start)


def is_index(folder: Path) -> bool:
    """Whether *folder* is one that an index is kept in, which may lie inside of a corpus."""
    if not (folder / "LOCK").is_file():
        return False
    return any(folder.glob("gen-*/MANIFEST.json")) or (folder / "draft" / "engine").is_dir()


def name_below(real: Path, below: Path) -> str:
    """What *below* is called in the corpus at *real*, "" for the corpus; CorpusError if outside."""
    # Only the folder is resolved: *below* itself may be a link, or gone.
    absolute = below.parent.resolve() / below.name
    if not absolute.is_relative_to(real):
        raise CorpusError(f"{str(below)!r} is not inside the corpus {str(real)!r}")
    name = absolute.relative_to(real).as_posix()
    return "" if name == "." else name


@dataclass(slots=True)
class _Scan:
    root: Path
    seen: set[Path] = field(default_factory=set)  # what only links lead to

    def visit(self, path: Path, name: str) -> Iterator[CorpusFile | Skipped]:
        """*path*, which is known as *name*, and all below it."""
        try:
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                yield from self._follow(path, name)
            elif self._is_seen(path):
                yield Skipped(name, "is a second link to what is read already", ignored=True)
            elif stat.S_ISDIR(mode):
                yield from self._folder(path, name)
            elif stat.S_ISREG(mode):
                yield self._file(path, name)
            else:
                yield Skipped(name, f"is {_kind(mode)}, not a regular file")
        except FileNotFoundError:
            return  # gone since its folder was listed: as if it had never been
        except OSError as error:
            yield Skipped(name, f"cannot be opened: {_why(error)}")

    def _folder(self, path: Path, name: str) -> Iterator[CorpusFile | Skipped]:
        if name.count("/") > _DEEPEST:
            yield Skipped(name, f"is more than {_DEEPEST} folders deep")
            return
        if is_index(path):
            yield Skipped(name, "is an index of searchsvc", ignored=True)
            return
        with os.scandir(path) as listing:
            entries = [entry for entry in listing if not entry.name.startswith(".")]
        # With "/" after folders the walk is in the order of whole names: a-b.txt, a/x.txt.
        entries.sort(key=lambda entry: entry.name + "/" * _is_folder(entry))
        for entry in entries:
            yield from self.visit(path / entry.name, f"{name}/{entry.name}" if name else entry.name)

    def _follow(self, path: Path, name: str) -> Iterator[CorpusFile | Skipped]:
        try:
            target = path.resolve(strict=True)
        except FileNotFoundError:
            yield Skipped(name, "is a link to something that does not exist")
            return
        except (OSError, RuntimeError):
            yield Skipped(name, "is a link that leads back to itself")
            return
        if not target.is_relative_to(self.root):
            yield Skipped(name, "is a link that leads out of the corpus")
            return
        if self._is_hidden(target):
            yield from self.visit(target, name)
        else:
            known_as = str(target.relative_to(self.root))
            yield Skipped(name, f"is a link to {known_as!r}, which is read itself", ignored=True)

    def _is_hidden(self, path: Path) -> bool:
        return "/." in str(path)[len(str(self.root)) :]

    def _is_seen(self, path: Path) -> bool:
        if not self._is_hidden(path):
            return False  # met once, since links to it are not followed
        known = path in self.seen
        self.seen.add(path)
        return known

    def _file(self, path: Path, name: str) -> CorpusFile | Skipped:
        reader = reader_of(name)
        if is_about_folder(name):
            return Skipped(name, "tells about the folder, by its name", ignored=True)
        if reader is None:
            return Skipped(name, f"no reader for {suffix_of(name)} files", ignored=True)
        if not os.access(path, os.R_OK):
            return Skipped(name, "cannot be opened: Permission denied")
        if not suffix_of(name) and (kind := _sniff(path)):
            return Skipped(name, f"has no suffix and looks binary ({kind})", ignored=True)
        status = path.stat()
        top, slash, _ = name.partition("/")
        publisher = os.fsencode(top if slash else self.root.name).decode("utf-8", "replace")
        source = " ".join(publisher.split())
        return CorpusFile(path, name, status.st_size, status.st_mtime_ns, reader, source)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _sniff(path: Path) -> str:
    with _open_regular(path) as stream:
        return binary_kind(stream.read(_SNIFFED))


def _open_regular(path: Path) -> BinaryIO:
    """Opens *path* folder by folder: none may have become a link since the scan."""
    folder = os.open(path.anchor, _PASS)
    try:
        for part in path.parts[1:-1]:
            folder, above = os.open(part, _PASS, dir_fd=folder), folder
            os.close(above)
        # Not blocking: opening a FIFO would else wait for somebody to write to it.
        file = os.open(path.name, _OPEN, dir_fd=folder)
    finally:
        os.close(folder)
    mode = os.fstat(file).st_mode
    if not stat.S_ISREG(mode):
        os.close(file)
        raise ReadError(f"is {_kind(mode)}, not a regular file")
    return os.fdopen(file, "rb")


def _kind(mode: int) -> str:
    match stat.S_IFMT(mode):
        case stat.S_IFIFO:
            return "a FIFO"
        case stat.S_IFSOCK:
            return "a socket"
        case stat.S_IFCHR | stat.S_IFBLK:
            return "a device"
        case stat.S_IFDIR:
            return "a folder"
        case _:
            return "something else"


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
