"""An update parted among processes, on one machine or on many: each reads a share of the files.

    snapshot of the ledger -> what of my share is new -> read, all at the same time -> a file here
    one after the other: the ledger as it is then -> the update, with what was read

What a share is, the names of the files decide: the same on every machine, whatever else is there.
Reading takes the time, and needs nobody else. What counts, where two files claim one id, is decided
under the lock, with the claims of all shares known; so the end is that of one process.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

from searchsvc.corpus import CorpusFile
from searchsvc.readers import Item
from searchsvc.readers.sandbox import Items, Named, NameSearch, Workers
from searchsvc.readers.worker import from_line, to_line


@dataclass(frozen=True, slots=True)
class Share:
    """The share *number* of *count*, the first is 1.

    >>> str(Share.of("3/16")), Share(1, 1).has("politics/budget.txt")
    ('3/16', True)
    """

    number: int
    count: int

    @classmethod
    def of(cls, text: str) -> "Share":
        """The share that is written as `3/16`. Raises ValueError."""
        written = re.fullmatch(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", text)
        if not written or int(written[1]) > int(written[2]):
            raise ValueError(f"{text!r} is no share, such as 3/16")
        return cls(int(written[1]), int(written[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def has(self, name: str) -> bool:
        """Whether the file that is called *name* below the corpus is of this share."""
        digest = hashlib.sha256(os.fsencode(name)).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1


class ReadAhead:
    """Files that were read ahead, for whoever takes them as from Workers; others *readers* read."""

    def __init__(self, readers: Workers) -> None:
        self._readers = readers
        self._spool = tempfile.TemporaryFile(prefix="searchsvc-read-")  # noqa: SIM115
        self._extents: dict[CorpusFile, tuple[int, int]] = {}  # in the spool

    def take(self, files: Iterable[CorpusFile], names: NameSearch) -> None:
        """Reads *files*, and keeps what they gave."""
        for file, items in self._readers.read(files, names):
            begun = self._spool.tell()
            for item in items:
                self._spool.write(to_line([item], items.place) + b"\n")
            self._extents[file] = begun, self._spool.tell()

    def read(
        self, files: Iterable[CorpusFile], names: NameSearch | None = None
    ) -> Generator[tuple[CorpusFile, "Items | Kept"], None, None]:
        """As `Workers.read`."""
        for file in files:
            if extent := self._extents.get(file):
                yield file, Kept(self._lines(*extent))
            else:
                yield from self._readers.read([file], names)

    def close(self) -> None:
        """Removes what was kept."""
        self._spool.close()

    def _lines(self, begin: int, end: int) -> Iterator[bytes]:
        while begin < end:
            self._spool.seek(begin)
            line = self._spool.readline()
            begin += len(line)
            yield line


class Kept(Iterator[Item | Named]):
    """The items of one file, as they were read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.place = 0  # bytes of the file read for the items taken so far, about

    def __next__(self) -> Item | Named:
        self.place, (item,) = from_line(next(self._lines))
        return item
