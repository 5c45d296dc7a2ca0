"""One segment of a Whoosh index, read as arrays.

A segment never changes once it is written. What is read of it is shared by all generations that
hold it; what a generation adds, which articles it deletes and where it counts them from, is a
`SegmentView`.
"""

import pickle
import threading
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import accumulate, chain
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt
from whoosh.codec.whoosh3 import W3Segment

from searchsvc.article import Article
from searchsvc.engines.evaluation import NO_NUMBERS, SPREAD, Numbers, Places
from searchsvc.engines.whoosh_cache import PlacesCache, Postings, PostingsCache, serials
from searchsvc.engines.whoosh_files import (
    BLOCK,
    EXTENT,
    FACTS,
    FIELD,
    ByteColumn,
    TermIndex,
    segment_files,
)
from searchsvc.schema import TEXT_FIELDS

_AT_ONCE = 1000  # articles whose positions are made an array: soon enough for a look at the clock
_PART = BLOCK // 4  # all positions of a term are kept if one in so many of its articles is wanted

_NO_POSTINGS: Postings = NO_NUMBERS, np.empty(0)


class Segment:
    """What was written, deleted articles too; numbers begin at 0."""

    def __init__(self, folder: Path, info: W3Segment) -> None:
        # Everything is mapped now: an engine lives on when its files are removed.
        files = segment_files(folder, info)
        self.total: int = info.doc_count_all()
        self.index = TermIndex(files[".trm"])
        self.ids = ByteColumn(files[".id.col"], self.total)
        self.stored = ByteColumn(files["._stored.col"], self.total)
        names = ["day", "instant", *(f"_{field}_len" for field in TEXT_FIELDS)]
        self._columns = {name: files.get(f".{name}.col", b"") for name in names}
        self._postings = files[".pst"]
        self._serial = next(serials)
        self._facets: dict[str, FacetColumn] = {}
        self._counting = threading.Lock()

    def article(self, number: int) -> Article:
        stored = pickle.loads(zlib.decompress(self.stored[number]))
        return Article.from_json(stored["article"])

    def column(self, name: str, dtype: npt.DTypeLike, default: float) -> npt.NDArray[Any]:
        """A column of numbers; Whoosh leaves trailing defaults away."""
        kept = np.frombuffer(self._columns[name], dtype)[: self.total]
        if kept.size == self.total:
            return kept
        full = np.full(self.total, default, dtype)
        full[: kept.size] = kept
        return full

    def terms(self, field: str, prefix: str) -> Iterator[tuple[bytes, int]]:
        """Terms of a field that begin with *prefix*, in order, with their number of articles."""
        for term, info in self.items(field, prefix):
            yield term, FACTS.unpack_from(info)[2]

    def postings(self, field: str, term: str, cache: PostingsCache) -> Postings:
        """The articles that have a term, ascending, and its weight in each."""
        info = self.index.get(field, _encoded(term))
        if info is None:
            return _NO_POSTINGS
        _, weight, size, _, _, _, first, _ = FACTS.unpack_from(info)
        if size == 1:
            return np.array([first], np.int32), np.array([weight])
        if size <= BLOCK:  # decoded as fast as it is looked up
            return self._decoded(info)
        key = (self._serial, field, term)
        kept = cache.get(key)
        if kept is None:
            kept = self._decoded(info)
            cache.put(key, kept)
        return kept

    def with_any(self, field: str, terms: Iterable[str], cache: PostingsCache) -> Numbers:
        """The articles that have one of *terms*, in any order, some repeatedly."""
        frequent = []
        rare = array("i")
        for term in terms:
            info = self.index.get(field, _encoded(term))
            if info is not None and FACTS.unpack_from(info)[2] > BLOCK:
                frequent.append(self.postings(field, term, cache)[0])
            elif info is not None:
                rare.extend(self.numbers(info))
        return np.concatenate([np.frombuffer(rare, np.int32), *frequent])

    def numbers_of(self, id: str) -> list[int]:
        """The articles with this id; of several, all but one are deleted."""
        info = self.index.get("id", _encoded(id))
        return [] if info is None else list(self.numbers(info))

    def facet(self, field: str) -> "FacetColumn":
        """The values of a facet field."""
        with self._counting:  # by the first who asks; the others wait
            if field not in self._facets:
                self._facets[field] = FacetColumn(self, field)
            return self._facets[field]

    def places(
        self, field: str, term: str, wanted: Numbers, cache: PlacesCache
    ) -> Iterator[Places]:
        """Where a term stands in the articles of *wanted* that have it, some at a time."""
        info = self.index.get(field, _encoded(term))
        if info is None:
            return
        key = (self._serial, field, term)
        # The weight of a word is how often it is there.
        _, weight, size, *_ = FACTS.unpack_from(info)
        if kept := cache.get(key):
            yield _inside(kept[0], wanted)
        elif BLOCK < size <= _PART * wanted.size and 8 * weight <= cache.size:
            parts = []
            for part in self._places(info, None):
                parts.append(part)
                yield _inside(part, wanted)
            cache.put(key, (np.concatenate(parts),))
        else:
            yield from self._places(info, wanted)

    def _places(self, info: memoryview, wanted: Numbers | None) -> Iterator[Places]:
        """Where a term stands in the articles that have it, or in those *wanted*."""
        numbers: list[int] = []
        steps: list[list[int]] = []  # its first position, and from each to the next
        for ids, _, values in self.blocks(info, wanted):
            if wanted is None:
                numbers += ids
                steps += [pickle.loads(value[4:]) for value in values]
            else:
                low, high = np.searchsorted(wanted, [ids[0], ids[-1] + 1])
                there = dict(zip(ids, values, strict=True))
                found = [number for number in wanted[low:high].tolist() if number in there]
                numbers += found
                steps += [pickle.loads(there[number][4:]) for number in found]
            if len(numbers) > _AT_ONCE:
                yield _to_places(numbers, steps)
                numbers.clear()
                steps.clear()
        yield _to_places(numbers, steps)

    def blocks(
        self, info: memoryview, wanted: Numbers | None = None
    ) -> Iterator[tuple[Sequence[int], Sequence[float], Sequence[bytes]]]:
        """Numbers, weights and values of each block of a posting list.

        With *wanted*, only blocks that may hold one of these.
        """
        if info[0]:
            yield pickle.loads(info[FACTS.size :])
            return
        offset, length = EXTENT.unpack_from(info, FACTS.size)
        stream = BytesIO(self._postings[offset : offset + length])
        stream.seek(4)  # past the magic number
        before = -1
        last = False
        while not last:
            size = int.from_bytes(stream.read(4), "big", signed=True)
            last, end = size < 0, stream.tell() + abs(size)
            total, highest, _, compressed, _, _ = pickle.load(stream)
            if wanted is None or np.searchsorted(wanted, before, "right") < np.searchsorted(
                wanted, highest, "right"
            ):
                if compressed:
                    packed = zlib.decompress(stream.read(end - stream.tell()))
                    steps, weights, values = pickle.loads(packed)
                else:
                    steps, weights, values = pickle.load(stream)
                if not isinstance(weights, tuple):
                    weights = (1.0 if weights is None else weights,) * total
                yield list(accumulate(steps)), weights, values
            stream.seek(end)
            before = highest

    def numbers(self, info: memoryview) -> Iterable[int]:
        """The articles of a posting list."""
        _, _, size, _, _, _, first, last = FACTS.unpack_from(info)
        if size <= 2:  # nearly all are; their postings need not be read
            return (first, last)[:size]
        return chain.from_iterable(ids for ids, _, _ in self.blocks(info))

    def _decoded(self, info: memoryview) -> Postings:
        size = FACTS.unpack_from(info)[2]
        numbers, weights = np.empty(size, np.int32), np.empty(size)
        start = 0
        for ids, weighed, _ in self.blocks(info):
            end = start + len(ids)
            numbers[start:end], weights[start:end] = ids, weighed
            start = end
        return numbers, weights

    def items(self, field: str, prefix: str) -> Iterator[tuple[bytes, memoryview]]:
        """Terms of a field that begin with *prefix*, in order, with what stands under them."""
        start = self.index.key(field, _encoded(prefix))
        for key, info in self.index.items(start):
            if not key.startswith(start):
                return
            yield key[FIELD.size :], info


def _to_places(numbers: list[int], steps: list[list[int]]) -> Places:
    """Of articles and, for each, its first position and the steps to the following."""
    sizes = np.fromiter(map(len, steps), np.int64, len(steps))
    flat = np.fromiter(chain.from_iterable(steps), np.int64, sizes.sum())
    reached = np.cumsum(flat)
    firsts = np.cumsum(sizes) - sizes
    before = reached[firsts] - flat[firsts]
    places: Places = reached + np.repeat(np.array(numbers, np.int64) * SPREAD - before, sizes)
    return places


def _inside(places: Places, wanted: Numbers) -> Places:
    """Those of *places* that are in the articles *wanted*; both ascend."""
    borders = wanted.astype(np.int64) * SPREAD
    starts = np.searchsorted(places, borders)
    sizes = np.searchsorted(places, borders + SPREAD) - starts
    before = np.cumsum(sizes) - sizes  # of those found, which come before each article's
    found: Places = places[np.arange(sizes.sum()) + np.repeat(starts - before, sizes)]
    return found


class SegmentView:
    """A segment as one generation has it, without what is deleted; numbers begin at `offset`."""

    def __init__(self, segment: Segment, info: W3Segment, offset: int) -> None:
        self.segment = segment
        self.offset = offset
        self.total = segment.total
        is_live = np.ones(segment.total, bool)
        is_live[np.fromiter(info.deleted_docs(), np.int64)] = False
        self._is_live = is_live if info.has_deletions() else None
        self.live: Numbers = np.flatnonzero(is_live).astype(np.int32) + np.int32(offset)

    def postings(self, field: str, term: str, cache: PostingsCache) -> Postings:
        """The live articles that have a term, ascending, and its weight in each."""
        numbers, weights = self.segment.postings(field, term, cache)
        if self._is_live is not None:
            live = self._is_live[numbers]
            numbers, weights = numbers[live], weights[live]
        return (numbers + np.int32(self.offset) if self.offset else numbers), weights

    def with_any(self, field: str, terms: Iterable[str], cache: PostingsCache) -> Numbers:
        """The live articles that have one of *terms*, in any order, some repeatedly."""
        numbers = self.segment.with_any(field, terms, cache)
        if self._is_live is not None:
            numbers = numbers[self._is_live[numbers]]
        return numbers + np.int32(self.offset)

    def places(
        self, field: str, term: str, wanted: Numbers, cache: PlacesCache
    ) -> Iterator[Places]:
        """Where a term stands in the articles of *wanted* that have it, some at a time."""
        low, high = np.searchsorted(wanted, [self.offset, self.offset + self.total])
        if low < high:
            inside = wanted[low:high] - self.offset
            for places in self.segment.places(field, term, inside, cache):
                yield places + self.offset * SPREAD

    def number_of(self, id: str) -> int | None:
        """The live article with this id, counted as the segment does."""
        for number in self.segment.numbers_of(id):
            if self._is_live is None or self._is_live[number]:
                return number
        return None


class FacetColumn:
    """The values of a facet field, article by article."""

    def __init__(self, segment: Segment, field: str) -> None:
        self._values: list[str] = []
        numbers, sizes = array("i"), array("i")
        for term, info in segment.items(field, ""):
            self._values.append(term.decode())
            sizes.append(FACTS.unpack_from(info)[2])
            numbers.extend(segment.numbers(info))
        self._numbers = np.frombuffer(numbers, np.int32)
        ordinals = np.arange(len(self._values), dtype=np.int32)
        self._ordinals = np.repeat(ordinals, np.frombuffer(sizes, np.int32))

    def count(self, mask: npt.NDArray[np.bool_]) -> Iterator[tuple[str, int]]:
        """The values that articles of *mask* carry, in order, and how many do."""
        counts = np.bincount(self._ordinals[mask[self._numbers]], minlength=len(self._values))
        there = np.flatnonzero(counts)
        return zip(
            map(self._values.__getitem__, there.tolist()), counts[there].tolist(), strict=True
        )


_open: WeakValueDictionary[tuple[int, ...], Segment] = WeakValueDictionary()
_opening = threading.Lock()


def open_segment(folder: Path, info: W3Segment) -> Segment:
    """The segment, the same one for everybody in this process who has it open."""
    path = folder / info.make_filename(info.COMPOUND_EXT if info.is_compound() else ".trm")
    with _opening:
        facts = path.stat()
        # No other file gets this inode, as the one that is open is mapped.
        identity = facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns
        segment = _open.get(identity)
        if segment is None:
            segment = _open[identity] = Segment(folder, info)
        return segment


def _encoded(term: str) -> bytes:
    return term.encode("utf-8", "replace")
