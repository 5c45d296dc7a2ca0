"""Whoosh: the embedded engine. An index of stock Whoosh 2.7.4, searched by our own evaluation.

Why not Whoosh's own searcher: its matchers share one file position between threads and answer
silently wrong (see docs/engines.md), and arrays are many times faster. Any stock Whoosh 2.7.4 can
still open the index; a test does.

The folder is private to the service: Whoosh keeps pickles in it, and unpickling runs code.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from heapq import merge
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache
from whoosh import index
from whoosh.util.numeric import byte_to_length

from searchsvc.article import Article
from searchsvc.engines.base import Bucket, Hit, SearchRequest, SearchResult, Sort
from searchsvc.engines.evaluation import NO_NUMBERS, Evaluation, Matches, Numbers, Weights
from searchsvc.engines.whoosh_schema import UNDATED, VERSION
from searchsvc.engines.whoosh_segment import MappedStorage, Segment
from searchsvc.engines.whoosh_writer import WhooshWriter

__all__ = ["NAME", "VERSION", "WhooshEngine", "open_engine", "open_writer"]

NAME = "whoosh"

CACHE_BYTES = 64 << 20  # decoded postings kept, for each open generation

_BYTE_LENGTHS = np.array([byte_to_length(byte) for byte in range(256)], np.float64)


def open_engine(folder: Path) -> "WhooshEngine":
    """The index in *folder*, for reading."""
    return WhooshEngine(folder)


def open_writer(folder: Path) -> WhooshWriter:
    """The index in *folder*, or a new one if it is empty, for writing."""
    return WhooshWriter(folder)


class WhooshEngine:
    """One generation of a Whoosh index, open."""

    def __init__(self, folder: Path) -> None:
        storage = MappedStorage(str(folder), readonly=True)
        toc = index.TOC.read(storage, index._DEF_INDEX_NAME)
        self._segments: list[Segment] = []
        offset = 0
        for segment in toc.segments:
            self._segments.append(Segment(storage, segment, offset))
            offset += segment.doc_count_all()
        self._total = offset
        self._lock = threading.Lock()
        self._cache: LRUCache[tuple[str, str], tuple[Numbers, Weights]] = LRUCache(
            CACHE_BYTES, getsizeof=lambda postings: postings[0].nbytes * 3 + 200
        )
        self._facets: dict[str, _FacetColumn] = {}
        self._lengths: dict[str, tuple[npt.NDArray[np.float64], float]] = {}

    # -- the Engine protocol -------------------------------------------------------------------

    def search(self, request: SearchRequest) -> SearchResult:
        evaluation = Evaluation(self, request.seconds)
        found = evaluation.of(request.query)
        if request.since or request.until:
            found = _only(found, self._mask(evaluation.between(request.since, request.until)))
        chosen = {n: self._having(n, values) for n, values in request.filters.items() if values}
        hits = found
        for mask in chosen.values():
            hits = _only(hits, mask)
        return SearchResult(
            total=hits.numbers.size,
            hits=tuple(self._page(request, hits)),
            facets={name: self._count(name, found, chosen) for name in request.facets},
            partial=evaluation.partial,
        )

    def get(self, id: str) -> Article | None:
        for segment in self._segments:
            number = segment.number_of(id)
            if number is not None:
                return segment.article(number)
        return None

    def count(self) -> int:
        return self.everything.size

    def terms(self, field: str, prefix: str) -> Iterator[tuple[str, int]]:
        lexicons = [segment.terms(f"{field}_written", prefix) for segment in self._segments]
        for term, group in groupby(merge(*lexicons), key=itemgetter(0)):
            yield term.decode(), sum(count for _, count in group)

    def close(self) -> None:
        """Nothing: maps go with the last array or thread that looks at them."""

    # -- what Evaluation reads -----------------------------------------------------------------

    @cached_property
    def everything(self) -> Numbers:
        return np.concatenate([NO_NUMBERS, *(s.live + s.offset for s in self._segments)])

    @cached_property
    def days(self) -> npt.NDArray[np.int32]:
        return self._column("day", np.dtype(">i4"), 0).astype(np.int32)

    def stems(self, field: str, stem: str) -> tuple[Numbers, Weights]:
        return self._postings(field, stem)

    def written(self, field: str, word: str) -> tuple[Numbers, Weights]:
        return self._postings(f"{field}_written", word)

    def positions(self, field: str, word: str, wanted: Numbers) -> Iterator[tuple[int, list[int]]]:
        for segment in self._segments:
            low, high = np.searchsorted(wanted, [segment.offset, segment.offset + segment.total])
            inside = wanted[low:high] - segment.offset
            if inside.size:
                for number, positions in segment.positions(f"{field}_written", word, inside):
                    yield number + segment.offset, positions

    def lengths(self, field: str) -> tuple[npt.NDArray[np.float64], float]:
        if field not in self._lengths:
            coded = self._column(f"_{field}_len", np.dtype("u1"), 0)
            lengths = _BYTE_LENGTHS[coded]
            filled = lengths[self.everything]
            filled = filled[filled > 0]
            self._lengths[field] = lengths, float(filled.mean()) if filled.size else 1.0
        return self._lengths[field]

    def _postings(self, field: str, term: str) -> tuple[Numbers, Weights]:
        key = (field, term)
        with self._lock:
            if (kept := self._cache.get(key)) is not None:
                return kept
        parts = [segment.postings(field, term) for segment in self._segments]
        numbers = np.concatenate([NO_NUMBERS, *(part[0] for part in parts)])
        weights = np.concatenate([np.empty(0), *(part[1] for part in parts)])
        with self._lock, suppress(ValueError):  # larger than the whole cache
            self._cache[key] = numbers, weights
        return numbers, weights

    def _column(self, name: str, dtype: npt.DTypeLike, default: float) -> npt.NDArray[Any]:
        parts = [segment.column(name, dtype, default) for segment in self._segments]
        return np.concatenate([np.empty(0, dtype), *parts])

    # -- filters and facets --------------------------------------------------------------------

    def _mask(self, numbers: Numbers) -> npt.NDArray[np.bool_]:
        mask = np.zeros(self._total, bool)
        mask[numbers] = True
        return mask

    def _having(self, field: str, values: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Which articles have one of *values* in a facet field."""
        mask = np.zeros(self._total, bool)
        for value in values:
            mask[self._postings(f"{field}_value", value)[0]] = True
        return mask

    def _count(
        self, field: str, found: Matches, chosen: dict[str, npt.NDArray[np.bool_]]
    ) -> tuple[Bucket, ...]:
        """The values of *field* among what is found under the filters of the other fields."""
        for name, mask in chosen.items():
            if name != field:
                found = _only(found, mask)
        if field not in self._facets:
            self._facets[field] = _FacetColumn(self._segments, f"{field}_value")
        return self._facets[field].count(self._mask(found.numbers))

    # -- order ---------------------------------------------------------------------------------

    @cached_property
    def _instants(self) -> npt.NDArray[np.float64]:
        return self._column("instant", np.dtype(">f8"), UNDATED).astype(np.float64)

    def _page(self, request: SearchRequest, hits: Matches) -> Iterator[Hit]:
        end = request.offset + request.limit
        keys = self._sort_keys(request.sort, hits)
        order = _first(keys, end, lambda place: self._id(int(hits.numbers[place])))
        for place in order[request.offset :]:
            segment, number = self._place(int(hits.numbers[place]))
            yield Hit(segment.article(number), float(hits.scores[place]))

    def _sort_keys(self, sort: Sort, hits: Matches) -> list[npt.NDArray[np.float64]]:
        """The columns to sort by, ascending; the id, which breaks every tie, is not among them."""
        instants = self._instants[hits.numbers]
        newest = np.where(np.isinf(instants), instants, -instants)
        match sort:
            case Sort.RELEVANCE:
                return [-hits.scores, newest]
            case Sort.NEWEST:
                return [newest]
            case Sort.OLDEST:
                return [instants]

    def _place(self, number: int) -> tuple[Segment, int]:
        segment = next(s for s in reversed(self._segments) if s.offset <= number)
        return segment, number - segment.offset

    def _id(self, number: int) -> bytes:
        segment, inside = self._place(number)
        return segment.id(inside)


def _first(
    keys: list[npt.NDArray[np.float64]], end: int, id_of: Callable[[int], bytes]
) -> list[int]:
    """The places of the first *end* rows by *keys*; ids are read only of rows that tie in all."""
    size = keys[0].size
    if end <= 0 or size == 0:
        return []
    places = np.arange(size)
    if end < size:  # what comes after the last place asked for need not be sorted
        places = np.flatnonzero(keys[0] <= np.partition(keys[0], end - 1)[end - 1])
    places = places[np.lexsort([key[places] for key in reversed(keys)])]
    ties = [key[places][1:] == key[places][:-1] for key in keys]
    borders = np.flatnonzero(~np.logical_and.reduce(ties)) + 1
    ordered: list[int] = []
    for start, stop in pairwise([0, *borders.tolist(), places.size]):
        if start >= end:
            break
        run = places[start:stop].tolist()
        ordered += sorted(run, key=id_of) if len(run) > 1 else run
    return ordered[:end]


class _FacetColumn:
    """The values of one facet, article by article, as arrays."""

    def __init__(self, segments: list["Segment"], field: str) -> None:
        self._values: dict[str, int] = {}
        articles: list[Numbers] = [NO_NUMBERS]
        ordinals: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
        for segment in segments:
            for term, _ in segment.terms(field, ""):
                value = term.decode()
                numbers, _ = segment.postings(field, value)
                ordinal = self._values.setdefault(value, len(self._values))
                articles.append(numbers)
                ordinals.append(np.full(numbers.size, ordinal, np.int64))
        self._articles = np.concatenate(articles)
        self._ordinals = np.concatenate(ordinals)

    def count(self, mask: npt.NDArray[np.bool_]) -> tuple[Bucket, ...]:
        """How many articles of *mask* carry each value; most frequent first, then by value."""
        counts = np.bincount(self._ordinals[mask[self._articles]], minlength=len(self._values))
        found = [(v, int(counts[o])) for v, o in self._values.items() if counts[o]]
        return tuple(Bucket(*item) for item in sorted(found, key=lambda item: (-item[1], item[0])))


def _only(found: Matches, mask: npt.NDArray[np.bool_]) -> Matches:
    inside = mask[found.numbers]
    return Matches(found.numbers[inside], found.scores[inside])
