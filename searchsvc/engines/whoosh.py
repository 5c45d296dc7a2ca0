"""Whoosh: the embedded engine. An index of stock Whoosh 2.7.4, searched by our own evaluation.

Why not Whoosh's own searcher: its matchers share one file position between threads and answer
silently wrong (see docs/engines.md), and arrays are many times faster. Any stock Whoosh 2.7.4 can
still open the index; a test does.

The folder is private to the service: Whoosh keeps pickles in it, and unpickling runs code.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from heapq import merge
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from whoosh.filedb.filestore import FileStorage
from whoosh.index import _DEF_INDEX_NAME, TOC
from whoosh.util.numeric import byte_to_length

from searchsvc.article import Article
from searchsvc.engines.base import Bucket, Hit, SearchRequest, SearchResult, Sort
from searchsvc.engines.evaluation import NO_NUMBERS, Evaluation, Matches, Numbers, Places
from searchsvc.engines.whoosh_cache import (
    ArrayCache,
    PlacesCache,
    Postings,
    PostingsCache,
    serials,
)
from searchsvc.engines.whoosh_files import BLOCK
from searchsvc.engines.whoosh_schema import UNDATED, VERSION
from searchsvc.engines.whoosh_segment import Segment, SegmentView, open_segment
from searchsvc.engines.whoosh_writer import WhooshWriter
from searchsvc.engines.word_lists import Listed, WordLists

__all__ = ["NAME", "VERSION", "WhooshEngine", "open_engine", "open_writer"]

NAME = "whoosh"

CACHE_BYTES = 128 << 20  # decoded postings kept, for all generations that are open
PLACES_BYTES = 64 << 20  # the same, of positions of frequent words

_BYTE_LENGTHS = np.array([byte_to_length(byte) for byte in range(256)], np.float64)


def open_engine(folder: Path) -> "WhooshEngine":
    """The index in *folder*, for reading."""
    return WhooshEngine(folder)


def open_writer(folder: Path) -> WhooshWriter:
    """The index in *folder*, or a new one if it is empty, for writing."""
    return WhooshWriter(folder)


@cache
def _postings_cache(size: int) -> PostingsCache:
    """The one of this process."""
    return ArrayCache(size)


@cache
def _places_cache(size: int) -> PlacesCache:
    """The one of this process."""
    return ArrayCache(size)


class WhooshEngine:
    """One generation of a Whoosh index, open."""

    def __init__(self, folder: Path) -> None:
        toc = TOC.read(FileStorage(str(folder)), _DEF_INDEX_NAME)
        self._segments: list[SegmentView] = []
        self._total = 0
        for info in toc.segments:
            view = SegmentView(open_segment(folder, info), info, self._total)
            self._segments.append(view)
            self._total += view.total
        self._cache = _postings_cache(CACHE_BYTES)
        self._places = _places_cache(PLACES_BYTES)
        self._serial = next(serials)
        self._lists = WordLists()
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
        for view in self._segments:
            number = view.number_of(id)
            if number is not None:
                return view.segment.article(number)
        return None

    def count(self) -> int:
        return self.everything.size

    def terms(self, field: str, prefix: str) -> Listed:
        return self._lists.of(field, prefix, lambda: self._listed(field, prefix))

    def _listed(self, field: str, prefix: str) -> Iterator[tuple[str, int]]:
        lexicons = [view.segment.terms(f"{field}_written", prefix) for view in self._segments]
        for term, group in groupby(merge(*lexicons), key=itemgetter(0)):
            yield term.decode(), sum(count for _, count in group)

    def close(self) -> None:
        """Nothing: maps go with the last array or thread that looks at them."""

    # -- what Evaluation reads -----------------------------------------------------------------

    @cached_property
    def everything(self) -> Numbers:
        return np.concatenate([NO_NUMBERS, *(view.live for view in self._segments)])

    @cached_property
    def days(self) -> npt.NDArray[np.int32]:
        return self._column("day", np.dtype(">i4"), 0).astype(np.int32)

    def stems(self, field: str, stem: str) -> Postings:
        return self._postings(field, stem)

    def written(self, field: str, word: str) -> Postings:
        return self._postings(f"{field}_written", word)

    def with_any(self, field: str, words: Sequence[str]) -> Numbers:
        return self._with_any(f"{field}_written", words)

    def places(self, field: str, word: str, wanted: Numbers) -> Iterator[Places]:
        for view in self._segments:
            yield from view.places(f"{field}_written", word, wanted, self._places)

    def lengths(self, field: str) -> tuple[npt.NDArray[np.float64], float]:
        if field not in self._lengths:
            coded = self._column(f"_{field}_len", np.uint8, 0)
            articles = np.bincount(coded[self.everything], minlength=256)  # of each length
            filled = int(articles[1:].sum())
            average = float(articles @ _BYTE_LENGTHS) / filled if filled else 1.0
            self._lengths[field] = _BYTE_LENGTHS[coded], average
        return self._lengths[field]

    def _postings(self, field: str, term: str) -> Postings:
        key = (self._serial, field, term)
        kept = self._cache.get(key)
        if kept is None:
            parts = [view.postings(field, term, self._cache) for view in self._segments]
            filled = [part for part in parts if part[0].size]
            if len(filled) == 1:
                (kept,) = filled
            else:
                numbers = np.concatenate([NO_NUMBERS, *(part[0] for part in filled)])
                kept = numbers, np.concatenate([np.empty(0), *(part[1] for part in filled)])
            if kept[0].size > BLOCK:  # an entry of a rare word is dearer than decoding it again
                self._cache.put(key, kept)
        return kept

    def _with_any(self, field: str, terms: Sequence[str]) -> Numbers:
        parts = [view.with_any(field, terms, self._cache) for view in self._segments]
        return np.concatenate([NO_NUMBERS, *parts])

    def _column(self, name: str, dtype: npt.DTypeLike, default: float) -> npt.NDArray[Any]:
        parts = [view.segment.column(name, dtype, default) for view in self._segments]
        return np.concatenate([np.empty(0, dtype), *parts])

    # -- filters and facets --------------------------------------------------------------------

    def _mask(self, numbers: Numbers) -> npt.NDArray[np.bool_]:
        mask = np.zeros(self._total, bool)
        mask[numbers] = True
        return mask

    def _having(self, field: str, values: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Which articles have one of *values* in a facet field."""
        return self._mask(self._with_any(f"{field}_value", values))

    def _count(
        self, field: str, found: Matches, chosen: dict[str, npt.NDArray[np.bool_]]
    ) -> tuple[Bucket, ...]:
        """The values of *field* among what is found under the filters of the other fields."""
        for name, mask in chosen.items():
            if name != field:
                found = _only(found, mask)
        mask = self._mask(found.numbers)
        counts: Counter[str] = Counter()
        for view in self._segments:
            inside = mask[view.offset : view.offset + view.total]
            for value, times in view.segment.facet(f"{field}_value").count(inside):
                counts[value] += times
        # Sorted by value first: the second sort leaves those of one count in their order.
        return tuple(
            Bucket(*item)
            for item in sorted(sorted(counts.items()), key=itemgetter(1), reverse=True)
        )

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
        view = next(view for view in reversed(self._segments) if view.offset <= number)
        return view.segment, number - view.offset

    def _id(self, number: int) -> bytes:
        segment, inside = self._place(number)
        return segment.ids[inside]


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


def _only(found: Matches, mask: npt.NDArray[np.bool_]) -> Matches:
    inside = mask[found.numbers]
    return Matches(found.numbers[inside], found.scores[inside])
