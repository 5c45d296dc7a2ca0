"""Files as a disk holds them when the power goes: what was not synced may be lost, or half there.

A `Disk` follows the steps of a run. Of every file it knows the data and what of it was synced, of
every folder the entries and those changes to them that no fsync of the folder has made safe. What
is left after a loss of power is drawn by `after_power_loss`:

    data     not synced is there, empty, cut short, zeros at the end, or old and new by the block
    entries  created, renamed, linked or removed without an fsync of the folder may be undone, in
             any choice in which nothing follows on what was undone; a rename is undone as a whole
"""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

_BLOCK = 4096


@dataclass(eq=False)
class File:
    """A file, wherever it has names."""

    data: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    is_dirty: bool = False

    def write(self, place: int, data: bytes) -> None:
        """Writes *data* at *place*; a gap is filled with zeros."""
        self.truncate(max(len(self.data), place))
        self.data[place : place + len(data)] = data
        self.is_dirty = True

    def truncate(self, size: int) -> None:
        """Cuts or fills up to *size*."""
        if size != len(self.data):
            self.data = self.data[:size].ljust(size, b"\0")
            self.is_dirty = True

    def sync(self) -> None:
        """Makes the data safe."""
        self.synced, self.is_dirty = bytes(self.data), False

    def after_power_loss(self, chance: random.Random, way: str) -> bytes:
        """What is left of the data if it is lost in this *way*."""
        now = bytes(self.data)
        if not self.is_dirty or way == "kept":
            return now
        match way:
            case "synced":  # nothing, if nothing was
                return self.synced
            case "cut short":
                return now[: chance.randrange(len(now) + 1)]
            case "zeros":
                return now[: chance.randrange(len(now) + 1)].ljust(len(now), b"\0")
        size = chance.choice((len(now), len(self.synced)))
        blocks = range(0, size, _BLOCK)
        both = (now.ljust(size, b"\0"), self.synced.ljust(size, b"\0"))
        mixed = b"".join(chance.choice(both)[place : place + _BLOCK] for place in blocks)
        return mixed[:size]


WAYS = ("kept", "synced", "cut short", "zeros", "blocks")


@dataclass(eq=False)
class Folder:
    """A folder: its entries now, and those that are safe."""

    entries: dict[str, "Node"] = field(default_factory=dict)
    safe: dict[str, "Node"] = field(default_factory=dict)


Node = Union[File, Folder]  # noqa: UP007 - a forward reference has no "|"
Change = tuple[Folder, str, Node | None]  # the entry is this one now, or gone


class Disk:
    """All below the folder *root*, which is as it is there now, and safe."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._waiting: list[list[Change]] = []  # changes that no fsync has made safe, in order
        self._tree = self._load(root, {})

    def _load(self, path: Path, known: dict[int, File]) -> Folder:
        folder = Folder()
        for entry in sorted(path.iterdir()):
            node: Node
            if entry.is_dir():
                node = self._load(entry, known)
            else:
                node = known.setdefault(entry.stat().st_ino, File(bytearray(entry.read_bytes())))
                node.sync()
            folder.entries[entry.name] = folder.safe[entry.name] = node
        return folder

    # -- what a run does -----------------------------------------------------------------------

    def find(self, path: str) -> Node | None:
        """What is at *path*; None if nothing is, or it is elsewhere."""
        node: Node | None = self._tree
        if not self.has(path):
            return None
        for name in Path(path).relative_to(self._root).parts:
            node = node.entries.get(name) if isinstance(node, Folder) else None
        return node

    def has(self, path: str) -> bool:
        """Whether *path* is on this disk."""
        return Path(path).is_relative_to(self._root)

    def put(self, path: str, node: Node) -> None:
        """Gives *node* a name."""
        self._change([(*self._entry(path), node)])

    def remove(self, path: str) -> None:
        """Takes a name away."""
        self._change([(*self._entry(path), None)])

    def rename(self, before: str, after: str) -> None:
        """Gives what is at *before* the name *after*."""
        node = self.find(before)
        self._change([(*self._entry(before), None), (*self._entry(after), node)])

    def sync(self, node: Node) -> None:
        """Makes a file's data safe, or the entries of a folder."""
        if isinstance(node, File):
            node.sync()
            return
        still = []
        for changes in self._waiting:
            if any(folder is node for folder, _, _ in changes):
                _apply(changes, "safe")
            else:
                still.append(changes)
        self._waiting = still

    def _entry(self, path: str) -> tuple[Folder, str]:
        parent = self.find(os.path.dirname(path))
        assert isinstance(parent, Folder), path
        return parent, os.path.basename(path)

    def _change(self, changes: list[Change]) -> None:
        _apply(changes, "entries")
        self._waiting.append(changes)

    # -- what is left --------------------------------------------------------------------------

    def write_to(self, target: Path) -> None:
        """Writes all files as they are now."""
        _write(self._tree, "entries", target, {}, lambda file: bytes(file.data))

    def lose_power(self, target: Path, chance: random.Random) -> str:
        """Writes what is left after a loss of power, and says what was lost. The disk is done."""
        kept, of = self._draw_entries(chance), len(self._waiting)
        for changes in kept:
            _apply(changes, "safe")
        way = chance.choice((*WAYS, "any"))
        drawn: dict[int, bytes] = {}

        def left(file: File) -> bytes:
            how = chance.choice(WAYS) if way == "any" else way
            return drawn.setdefault(id(file), file.after_power_loss(chance, how))

        _write(self._tree, "safe", target, {}, left)
        return f"data {way}, {len(kept)} of {of} entries kept"

    def _draw_entries(self, chance: random.Random) -> list[list[Change]]:
        """Those changes that were made safe all the same."""
        how = chance.choice(("all", "none", "first", "any"))
        limits: dict[int, int] = {}  # of each folder: how many of its changes, from the first
        counted: dict[int, int] = {}
        undone: set[tuple[int, str]] = set()
        kept = []
        for changes in self._waiting:
            names = {(id(folder), name) for folder, name, _ in changes}
            folder = id(changes[0][0])
            counted[folder] = counted.get(folder, 0) + 1
            match how:
                case "first":
                    limit = limits.setdefault(folder, chance.randrange(len(self._waiting) + 1))
                    is_kept = counted[folder] <= limit
                case "any":
                    is_kept = chance.random() < 0.7
                case _:
                    is_kept = how == "all"
            if is_kept and not names & undone:
                kept.append(changes)
            else:
                undone |= names
        return kept


def _apply(changes: list[Change], to: str) -> None:
    for folder, name, node in changes:
        entries: dict[str, Node] = getattr(folder, to)
        if node is None:
            entries.pop(name, None)
        else:
            entries[name] = node


def _write(
    folder: Folder,
    which: str,
    target: Path,
    written: dict[int, Path],
    data: Callable[[File], bytes],
) -> None:
    target.mkdir(mode=0o700)
    for name, node in getattr(folder, which).items():
        path = target / name
        if isinstance(node, Folder):
            _write(node, which, path, written, data)
        elif id(node) in written:
            os.link(written[id(node)], path)
        else:
            path.write_bytes(data(node))
            written[id(node)] = path


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and data of every file in *folder*."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()
