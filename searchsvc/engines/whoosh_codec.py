"""Writes a segment of a Whoosh index, from posting lists that come in order.

Whoosh 2.7.4 will never change, so its format (the W3 codec) is written here below its public
interface, as its own writer makes several objects of every posting. Stock Whoosh reads it.
"""

import heapq
import pickle
import zlib
from array import array
from binascii import crc32
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedWriter
from itertools import accumulate, groupby
from operator import itemgetter, sub
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec, W3Segment
from whoosh.index import _DEF_INDEX_NAME
from whoosh.util.numeric import byte_to_length

from searchsvc.engines.whoosh_files import (
    BLOCK,
    BUCKETS,
    EXTENT,
    FACTS,
    FIELD,
    SIZES,
    SLOT,
    TABLE,
)
from searchsvc.engines.whoosh_schema import schema

# What a key begins with: its field, numbered in the order of names, as Whoosh has it.
_INDEXED = [name for name, field in schema().items() if field.indexed]
PREFIXES = {name: FIELD.pack(number) for number, name in enumerate(_INDEXED)}

# The key of a term, then numbers, weights and values of its postings; most fields have no values.
PostingList: TypeAlias = tuple[bytes, Sequence[int], Sequence[float], Sequence[bytes] | None]

_COMPRESS_FROM = 640  # bytes; zlib makes smaller blocks hardly smaller, and takes most of the time

_PROTOCOL = 3  # of pickles: the first that knows bytes; Whoosh reads any


@dataclass(frozen=True, slots=True)
class Columns:
    """What a segment has of each article beside postings."""

    ids: Iterable[bytes]
    stored: Iterable[bytes]
    days: npt.NDArray[np.int32]
    instants: npt.NDArray[np.float64]
    lengths: Mapping[str, npt.NDArray[np.uint8]]  # of text fields, as Whoosh codes them


class Source(Protocol):
    """Articles for a segment."""

    @property
    def columns(self) -> Columns:
        """Their columns."""

    def posting_lists(self, first: int) -> Iterator[PostingList]:
        """Their postings, in the order of keys; numbers begin at *first*."""


def write_segment(folder: Path, sources: Sequence[Source]) -> W3Segment:
    """Writes the articles of *sources* as one segment, in the order of sources."""
    # Pickled into the index with its codec: stock Whoosh must find its own there.
    info = W3Segment(W3Codec(), _DEF_INDEX_NAME)
    columns = [source.columns for source in sources]
    sizes = [one.days.size for one in columns]
    info.set_doc_count(sum(sizes))
    lengths = {
        name: np.concatenate([one.lengths[name] for one in columns]) for name in columns[0].lengths
    }
    info._fieldlengths = {name: _sum(coded) for name, coded in lengths.items()}
    firsts = accumulate(sizes, initial=0)
    lists = [source.posting_lists(first) for source, first in zip(sources, firsts, strict=False)]

    def create(ending: str) -> BufferedWriter:
        path: Path = folder / info.make_filename(ending)
        return path.open("xb")  # never an existing file: generations share them

    def write_column(name: str, parts: Iterable[bytes]) -> None:
        with create(f".{name}.col") as file:
            file.writelines(parts)

    with create(".pst") as postings, create(".trm") as index:
        terms = _Terms(postings, index, {name: coded.tobytes() for name, coded in lengths.items()})
        for posting_list in _merged(lists):
            terms.add(*posting_list)
        terms.finish()
    write_column("_stored", _byte_column(value for one in columns for value in one.stored))
    write_column("id", _byte_column(value for one in columns for value in one.ids))
    write_column("day", [one.days.astype(">i4").tobytes() for one in columns])
    write_column("instant", [one.instants.astype(">f8").tobytes() for one in columns])
    for name, coded in lengths.items():
        if coded.any():
            write_column(f"_{name}_len", [coded.tobytes()])
    return info


def _sum(coded: npt.NDArray[np.uint8]) -> int:
    articles = np.bincount(coded, minlength=256).tolist()
    return sum(count * byte_to_length(code) for code, count in enumerate(articles))


def _byte_column(values: Iterable[bytes]) -> Iterator[bytes]:
    """Whoosh's VarBytesColumn: the values, their lengths, and the type of these."""
    sizes = array("i")
    for value in values:
        sizes.append(len(value))
        yield value
    yield np.array(sizes, ">i4").tobytes()
    yield b"i"


def _merged(lists: Sequence[Iterator[PostingList]]) -> Iterator[PostingList]:
    """Each key once, with its postings of all *lists*."""
    if len(lists) == 1:
        yield from lists[0]
        return
    for key, same in groupby(heapq.merge(*lists, key=itemgetter(0)), key=itemgetter(0)):
        (_, numbers, weights, values), *others = same
        for _, more_numbers, more_weights, more_values in others:
            numbers = [*numbers, *more_numbers]
            weights = [*weights, *more_weights]
            values = None if values is None else [*values, *(more_values or ())]
        yield key, numbers, weights, values


class _Terms:
    """Writes terms into the file *index*, and what does not fit there into *postings*."""

    def __init__(
        self, postings: BufferedWriter, index: BufferedWriter, lengths: Mapping[str, bytes]
    ) -> None:
        self._postings = postings
        self._index = index
        self._lengths = {PREFIXES[name]: coded for name, coded in lengths.items()}
        self._lengths |= {PREFIXES[f"{name}_written"]: coded for name, coded in lengths.items()}
        self._places = array("q")
        self._hashes = array("I")
        self._postings_end = postings.write(b"PST3")  # what is empty cannot be mapped
        # Magic number, CRC-32 as the hash, and eight bytes that mean nothing.
        self._index_end = index.write(b"HSH3\x01" + bytes(8))

    def add(
        self,
        key: bytes,
        numbers: Sequence[int],
        weights: Sequence[float],
        values: Sequence[bytes] | None,
    ) -> None:
        coded = self._lengths.get(key[: FIELD.size])
        if len(numbers) == 1:  # more than half of all are; Whoosh reads them inlined
            (number,), (weight,) = numbers, weights
            length = coded[number] if coded else 0
            postings = (number,), (weight,), None if values is None else tuple(values)
            info = FACTS.pack(1, weight, 1, length, length, weight, number, number)
            info += pickle.dumps(postings, _PROTOCOL)
        else:
            lengths = bytes(map(coded.__getitem__, numbers)) if coded else bytes(len(numbers))
            blocks = _blocks(numbers, weights, values, lengths)
            total, heaviest = sum(weights), max(weights)
            shortest, longest = min(lengths), max(lengths)
            info = FACTS.pack(
                0, total, len(numbers), shortest, longest, heaviest, numbers[0], numbers[-1]
            )
            info += EXTENT.pack(self._postings_end, len(blocks))
            self._postings_end += self._postings.write(blocks)
        self._places.append(self._index_end)
        self._hashes.append(crc32(key))
        self._index_end += self._index.write(SIZES.pack(len(key), len(info)) + key + info)

    def finish(self) -> None:
        """Writes the hash tables, and where each term is in the order of terms."""
        places = np.frombuffer(self._places, np.int64)
        hashes = np.frombuffer(self._hashes, np.uint32)
        self._index.writelines(_hash_tables(hashes, places, self._index_end))
        typecode = "i" if self._index_end < 1 << 31 else "q"
        extras = {
            "fieldmap": {name: FIELD.unpack(prefix)[0] for name, prefix in PREFIXES.items()},
            "indextype": typecode,
            "indexlen": places.size,
        }
        tail = pickle.dumps(extras, _PROTOCOL) + places.astype(f">{typecode}").tobytes()
        self._index.write(tail + len(tail).to_bytes(4, "big"))


def _blocks(
    numbers: Sequence[int],
    weights: Sequence[float],
    values: Sequence[bytes] | None,
    lengths: bytes,
) -> bytearray:
    """A posting list in blocks, each with a head by which it can be skipped."""
    blocks = bytearray(WHOOSH3_HEADER_MAGIC)
    for low in range(0, len(numbers), BLOCK):
        block = slice(low, low + BLOCK)
        ids, weighed, inside = numbers[block], weights[block], lengths[block]
        heaviest = max(weighed)
        kept: float | tuple[float, ...] | None = tuple(weighed)
        if heaviest == min(weighed):
            kept = None if heaviest == 1 else float(heaviest)
        steps = (ids[0], *map(sub, ids[1:], ids))
        valued = None if values is None else tuple(values[block])
        data = pickle.dumps((steps, kept, valued), _PROTOCOL)
        compression = 3 if len(data) >= _COMPRESS_FROM else 0
        if compression:
            data = zlib.compress(data, compression)
        facts = len(ids), ids[-1], heaviest, compression, min(inside), max(inside)
        head = pickle.dumps(facts, _PROTOCOL)
        size = len(head) + len(data)
        if low + BLOCK >= len(numbers):  # the last one
            size = -size
        blocks += size.to_bytes(4, "big", signed=True) + head + data
    return blocks


def _hash_tables(
    hashes: npt.NDArray[np.uint32], places: npt.NDArray[np.int64], start: int
) -> tuple[bytes, bytes]:
    """Hash tables with the place of each key, by the low byte of its hash, and their directory.

    A key stands in the slot that the rest of its hash says, or in the next one that is free.
    """
    buckets = (hashes % BUCKETS).astype(np.int64)
    slots = 2 * np.bincount(buckets, minlength=BUCKETS)
    wanted = (hashes // BUCKETS).astype(np.int64) % slots[buckets]
    order = np.lexsort((wanted, buckets))
    buckets, wanted = buckets[order], wanted[order]
    # In this order the slot of a key is the one that it wants or, if that is taken, the one after
    # the key before it: less its rank, the highest so far. Tables are put far apart for it.
    apart = buckets * (4 * order.size) - np.arange(order.size)
    taken = np.maximum.accumulate(wanted + apart) - apart
    begins = np.cumsum(slots) - slots
    table = np.zeros(2 * order.size, np.dtype([("hash", ">u4"), ("place", ">i8")]))
    fits = taken < slots[buckets]
    for column, values in (("hash", hashes[order]), ("place", places[order])):
        table[column][(begins[buckets] + taken)[fits]] = values[fits]
    for number in np.flatnonzero(~fits).tolist():  # past the end: again from the beginning
        slot = begins[buckets[number]]
        while table["place"][slot]:
            slot += 1
        table[slot] = hashes[order[number]], places[order[number]]
    directory = map(TABLE.pack, (start + begins * SLOT.size).tolist(), slots.tolist())
    return table.tobytes(), b"".join(directory)
