"""How the files of a Whoosh segment are laid out, and what of it is read by place.

Whoosh 2.7.4 will never change, so its format (the W3 codec) is read here below its public
interface, from memory maps: reading at a place moves no position that threads share.
"""

import mmap
import os
import pickle
import struct
from binascii import crc32
from bisect import bisect_left
from collections.abc import Callable, Iterator
from hashlib import md5
from io import BytesIO
from pathlib import Path

import numpy as np
from whoosh.codec.whoosh3 import W3Segment, W3TermInfo

BLOCK = 128  # postings in one block of a posting list

# Of a term: whether its postings are inlined, its weight, its number of articles, the shortest and
# longest field, the highest weight, the first and last article.
FACTS: struct.Struct = W3TermInfo._struct
EXTENT = struct.Struct("!qi")  # behind the facts: where its postings are, unless they are inlined

SIZES = struct.Struct("!ii")  # of key and value, before each term
SLOT = struct.Struct("!Iq")  # of a hash table: the hash of a key and its place
TABLE = struct.Struct("!qi")  # of the directory: where a hash table is, and its slots
BUCKETS = 256  # hash tables
FIELD = struct.Struct("!H")  # before the term in a key


class TermIndex:
    """What stands under each term, in order, and hash tables to find it (Whoosh's OrderedHash)."""

    def __init__(self, data: memoryview) -> None:
        (size,) = struct.unpack_from("!i", data, len(data) - 4)
        start = len(data) - 4 - size
        stream = BytesIO(data[start:])
        extras = pickle.load(stream)
        self.fields: dict[str, int] = extras["fieldmap"]
        self._data = data
        self._hash = _HASHES[data[4]]
        self._tables = list(TABLE.iter_unpack(data[start - BUCKETS * TABLE.size : start]))
        self._end: int = self._tables[0][0]
        self._places = np.frombuffer(
            data, ">" + extras["indextype"], extras["indexlen"], start + stream.tell()
        )

    def key(self, field: str, term: bytes) -> bytes:
        """How a term is written; its field comes first."""
        return FIELD.pack(self.fields.get(field, 0xFFFF)) + term

    def get(self, field: str, term: bytes) -> memoryview | None:
        """What stands under a term: `FACTS`, and its postings or their `EXTENT`."""
        key = self.key(field, term)
        hashed = self._hash(key)
        table, slots = self._tables[hashed % BUCKETS]
        for slot in range(slots):
            found, place = SLOT.unpack_from(
                self._data, table + (hashed // BUCKETS + slot) % slots * SLOT.size
            )
            if not place:
                return None
            if found == hashed:
                there, info, _ = self._item(place)
                if there == key:
                    return info
        return None

    def items(self, start: bytes = b"") -> Iterator[tuple[bytes, memoryview]]:
        """Keys from *start* on, with what stands under them."""
        number = bisect_left(self._places, start, key=lambda place: self._item(int(place))[0])
        place = int(self._places[number]) if number < self._places.size else self._end
        while place < self._end:
            key, info, place = self._item(place)
            yield key, info

    def _item(self, place: int) -> tuple[bytes, memoryview, int]:
        """The key at *place*, what stands under it, and where the next one is."""
        data = self._data
        key_size, size = SIZES.unpack_from(data, place)
        middle = place + SIZES.size + key_size
        end = middle + size
        return bytes(data[place + SIZES.size : middle]), data[middle:end], end


class ByteColumn:
    """Byte strings by number (Whoosh's VarBytesColumn)."""

    def __init__(self, data: memoryview, total: int) -> None:
        self._data = data
        end = len(data) - 1
        code = chr(data[end])
        if code == "X":  # Whoosh writes offsets too where there are many
            code = chr(data[end - 2])
            end -= 2 + total * struct.calcsize(chr(data[end - 1]))
        start = end - total * struct.calcsize(code)
        self._ends = np.cumsum(np.frombuffer(data, f">{code}", total, start), dtype=np.int64)

    def __getitem__(self, number: int) -> bytes:
        start = self._ends[number - 1] if number else 0
        return bytes(self._data[start : self._ends[number]])


def segment_files(folder: Path, info: W3Segment) -> dict[str, memoryview]:
    """The files of a segment, mapped, by what follows its name."""
    name = info.segment_id()
    if not info.is_compound():
        return {path.name.removeprefix(name): _mapped(path) for path in folder.glob(f"{name}.*")}
    data = _mapped(folder / info.make_filename(info.COMPOUND_EXT))
    (place,) = struct.unpack_from("!q", data)
    return {
        file.removeprefix(name): data[facts["offset"] : facts["offset"] + facts["length"]]
        for file, facts in pickle.loads(data[place:]).items()
    }


def _mapped(path: Path) -> memoryview:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:  # an empty file cannot be mapped
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


# By the byte behind the magic number of a term index.
_HASHES: tuple[Callable[[bytes], int], ...] = (
    lambda key: int.from_bytes(md5(key, usedforsecurity=False).digest()[-4:], "big"),
    crc32,
)
