"""One segment of a Whoosh index, read as arrays.

Whoosh 2.7.4 will never change, so its format is read here below its public interface: terms and
columns through its own readers, postings block by block (the W3 codec) straight into arrays.
"""

import mmap
import pickle
import struct
import sys
import threading
import zlib
from array import array
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from whoosh import columns
from whoosh.codec.whoosh3 import STORED_COLUMN, W3TermInfo
from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.structfile import StructFile

from searchsvc.article import Article
from searchsvc.engines.evaluation import NO_NUMBERS, Numbers, Weights
from searchsvc.schema import TEXT_FIELDS

_FACTS = W3TermInfo._struct  # of a term: the third is its number of articles
_EXTENT = struct.Struct("!qi")  # where its postings are, behind the facts


class MappedStorage(FileStorage):  # type: ignore[misc]
    """Files mapped into memory: reading at a place moves no position that threads share."""

    def open_file(self, name: str, **kwargs: Any) -> StructFile:
        with open(self._fpath(name), "rb") as file:
            try:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:  # an empty file cannot be mapped
                return _MappedFile(BytesIO(), name=name)
        return _MappedFile(mapped, name=name)


class _MappedFile(StructFile):  # type: ignore[misc]
    def get(self, position: int, length: int) -> bytes:
        if isinstance(self.file, BytesIO):
            return b""
        return bytes(self.file[position : position + length])

    def get_array(self, position: int, typecode: str, length: int) -> "array[Any]":
        values = array(typecode)
        values.frombytes(self.get(position, length * values.itemsize))
        if sys.byteorder == "little":
            values.byteswap()
        return values


class Segment:
    """One segment of the index, with numbers of its own; `offset` makes them the engine's."""

    def __init__(self, storage: FileStorage, segment: Any, offset: int) -> None:
        self.offset = offset
        self.total: int = segment.doc_count_all()
        deleted = np.fromiter(segment.deleted_docs(), np.int32)
        self.live: Numbers = np.setdiff1d(np.arange(self.total, dtype=np.int32), deleted)
        self._deleted = np.zeros(self.total, bool)
        self._deleted[deleted] = True
        self._any_deleted = bool(deleted.size)
        self._terms = segment.codec().terms_reader(storage, segment)
        self._stored = segment.codec().per_document_reader(storage, segment)
        # Everything is mapped now: an engine lives on when its files are removed.
        self._stored._cached_reader("_stored", STORED_COLUMN)
        self._ids = self._stored.column_reader("id", columns.VarBytesColumn())
        names = ["day", "instant", *(f"_{field}_len" for field in TEXT_FIELDS)]
        self._columns = {
            name: segment.open_file(storage, f".{name}.col")
            for name in names
            if self._stored.has_column(name)
        }
        self._lock = threading.Lock()

    def article(self, number: int) -> Article:
        with self._lock:
            stored = self._stored.stored_fields(number)
        return Article.from_json(stored["article"])

    def id(self, number: int) -> bytes:
        return bytes(self._ids[number])

    def number_of(self, id: str) -> int | None:
        numbers, _ = self.postings("id", id)
        return int(numbers[0]) - self.offset if numbers.size else None

    def column(self, name: str, dtype: npt.DTypeLike, default: float) -> npt.NDArray[Any]:
        """A column of numbers; Whoosh leaves trailing defaults away."""
        full = np.full(self.total, default, dtype)
        if name in self._columns:
            kept = np.frombuffer(self._columns[name].get(0, 1 << 62), dtype)[: self.total]
            full[: kept.size] = kept
        return full

    def terms(self, field: str, prefix: str) -> Iterator[tuple[bytes, int]]:
        """Terms of a field that begin with *prefix*, in order, with their number of articles."""
        wanted = prefix.encode("utf-8", "replace")
        items = self._terms._tindex.items_from(self._terms._keycoder(field, wanted))
        for key, information in items:
            name, term = self._terms._keydecoder(key)
            if name != field or not term.startswith(wanted):
                return
            yield term, _FACTS.unpack_from(information)[2]

    def postings(self, field: str, term: str) -> tuple[Numbers, Weights]:
        """Numbers, with the offset, of the live articles of a term, and its weight in each."""
        numbers, weights = [NO_NUMBERS], [np.empty(0)]
        for ids, weight, _ in self._blocks(field, term):
            numbers.append(ids)
            weights.append(np.broadcast_to(np.asarray(weight, np.float64), ids.shape))
        found, weighed = np.concatenate(numbers), np.concatenate(weights)
        if self._any_deleted:
            live = ~self._deleted[found]
            found, weighed = found[live], weighed[live]
        return found + np.int32(self.offset), weighed

    def positions(self, field: str, term: str, wanted: Numbers) -> Iterator[tuple[int, list[int]]]:
        """Positions of a term in each article of *wanted* that has it; numbers without offset."""
        for ids, _, values in self._blocks(field, term, wanted):
            places = np.searchsorted(ids, wanted)
            places = places[places < ids.size]
            for place in np.unique(places[np.isin(ids[places], wanted)]).tolist():
                yield int(ids[place]), np.cumsum(pickle.loads(values[place][4:])).tolist()

    def _blocks(
        self, field: str, term: str, wanted: Numbers | None = None
    ) -> Iterator[tuple[Numbers, Any, Any]]:
        """Ids, weights and values of each block of a posting list (Whoosh's W3 format).

        With *wanted*, only blocks that may hold one of these.
        """
        with self._lock:
            try:
                key = self._terms._keycoder(field, term.encode("utf-8", "replace"))
                offset, length = _EXTENT.unpack_from(self._terms._tindex[key], _FACTS.size)
            except KeyError:
                return
            data = self._terms._postfile.get(offset, length)
        place = 4  # past the magic number
        before = -1
        last = False
        while not last:
            size = int.from_bytes(data[place : place + 4], "big", signed=True)
            last, size = size < 0, abs(size)
            block = BytesIO(data[place + 4 : place + 4 + size])
            _, highest, _, compressed, _, _ = pickle.load(block)
            place += 4 + size
            if wanted is None or np.searchsorted(wanted, before, "right") < np.searchsorted(
                wanted, highest, "right"
            ):
                packed = block.read()
                ids, weights, values = pickle.loads(
                    zlib.decompress(packed) if compressed else packed
                )
                numbers = np.cumsum(np.array(ids, np.int32), dtype=np.int32)
                yield numbers, 1.0 if weights is None else weights, values
            before = highest
