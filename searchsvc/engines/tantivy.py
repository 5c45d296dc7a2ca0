"""tantivy: the fast embedded engine, for large archives (https://github.com/quickwit-oss/tantivy).

Its queries are made from the resolved tree; its own query parser never sees what somebody typed.
Hits that tie, which it leaves in the order in which they were written, are put in order here.
"""

from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias

import tantivy
from tantivy import Order

from searchsvc.article import Article
from searchsvc.engines.base import Bucket, Hit, SearchRequest, SearchResult, Sort
from searchsvc.engines.tantivy_query import Compiler, all_of, is_scored
from searchsvc.engines.tantivy_writer import VERSION, TantivyWriter, honest_errors, stored, whole
from searchsvc.engines.word_lists import Listed, WordLists
from searchsvc.query.tree import Days

__all__ = ["NAME", "VERSION", "TantivyEngine", "open_engine", "open_writer"]

NAME = "tantivy"

_FEW = 50  # hits that tie: to read them is quicker than another search
MOST_BUCKETS = 60_000  # of a facet; tantivy refuses to list more than 65,000

_Address: TypeAlias = tantivy.DocAddress
_Place: TypeAlias = tuple[float, _Address]  # a hit: its score, and where it is


def open_engine(folder: Path) -> "TantivyEngine":
    """The index in *folder*, for reading."""
    return TantivyEngine(folder)


def open_writer(folder: Path) -> TantivyWriter:
    """The index in *folder*, or a new one if it is empty, for writing."""
    return TantivyWriter(folder)


def _total(result: tantivy.SearchResult) -> int:
    return int(result.count)  # type: ignore[attr-defined]  # its stub leaves it out


class TantivyEngine:
    """One generation of a tantivy index, open."""

    def __init__(self, folder: Path) -> None:
        with honest_errors():
            index = tantivy.Index.open(str(folder))
            index.config_reader("manual")  # no thread that watches the folder
            self._schema = index.schema
            self._searcher = index.searcher()
        self._lists = WordLists()

    def search(self, request: SearchRequest) -> SearchResult:
        with honest_errors():
            return self._search(request)

    def get(self, id: str) -> Article | None:
        with honest_errors():
            found = self._searcher.search(
                tantivy.Query.term_query(self._schema, "id", whole(id), "basic"), 1, count=False
            ).hits
            return stored(self._searcher, found[0][1]) if found else None

    def count(self) -> int:
        return self._searcher.num_docs

    def terms(self, field: str, prefix: str) -> Listed:
        return self._lists.of(field, prefix, lambda: self._listed(field, prefix))

    def _listed(self, field: str, prefix: str) -> list[tuple[str, int]]:
        with honest_errors():
            return sorted(self._searcher.terms_with_prefix(f"{field}_written", prefix))

    def close(self) -> None:
        """Nothing: maps go with the last search that looks at them."""

    def _search(self, request: SearchRequest) -> SearchResult:
        compiler = Compiler(self._schema, self._searcher, request.seconds)
        found = compiler.of(request.query)
        if request.since or request.until:
            found = all_of([found, compiler.of(Days(request.since, request.until))])
        chosen = {
            name: compiler.set_of({f"{name}_value": wanted})
            for name, wanted in request.filters.items()
            if wanted
        }
        total, page = self._page(request, all_of([found, *chosen.values()]))
        return SearchResult(
            total=total,
            hits=tuple(page),
            facets={name: self._count(name, found, chosen) for name in request.facets},
            partial=compiler.partial,
        )

    # -- order -----------------------------------------------------------------------------------

    def _page(self, request: SearchRequest, query: tantivy.Query) -> tuple[int, list[Hit]]:
        """How many hits there are, and those of the page."""
        last = max(1, min(request.offset + request.limit, self.count()))
        if request.sort is Sort.RELEVANCE and is_scored(request.query):
            total, places = self._by_relevance(query, request.offset, last)
        else:
            column = "oldest" if request.sort is Sort.OLDEST else "newest"
            total, places = self._by_date(query, column, request.offset, last)
        hits = [Hit(stored(self._searcher, address), score) for score, address in places]
        return total, hits[: request.limit]

    def _by_date(
        self, query: tantivy.Query, column: str, first: int, last: int
    ) -> tuple[int, list[_Place]]:
        """How many hits there are; those from *first* to *last* by a column, then id."""
        # One more than is wanted: whether the last one ties with what comes after it.
        result = self._searcher.search(query, last + 1, order_by_field=column, order=Order.Asc)
        page: list[_Address] = []
        begin = 0
        for moment, group in groupby(result.hits, key=itemgetter(0)):
            tied = [address for _, address in group]
            end = begin + len(tied)
            if max(begin, first) < min(end, last):
                wanted = slice(max(0, first - begin), last - begin)
                if len(tied) == 1:
                    page += tied
                elif end <= last and len(tied) <= _FEW:
                    page += sorted(tied, key=self._id)[wanted]
                else:
                    page += self._tied(query, column, moment, wanted)
            begin = end
        return _total(result), [(0.0, address) for address in page]

    def _tied(
        self, query: tantivy.Query, column: str, moment: float, wanted: slice
    ) -> list[_Address]:
        """Of the hits with *moment* in *column*, in the order of their ids, those *wanted*."""
        kind = tantivy.FieldType.Float
        exactly = tantivy.Query.range_query(self._schema, column, kind, moment, moment)
        result = self._searcher.search(
            all_of([query, exactly]),
            wanted.stop - wanted.start,
            count=False,
            order_by_field="id",
            offset=wanted.start,
            order=Order.Asc,
        )
        return [address for _, address in result.hits]

    def _by_relevance(
        self, query: tantivy.Query, first: int, last: int
    ) -> tuple[int, list[_Place]]:
        """How many hits there are; those from *first* to *last* by score, then date, then id."""
        asked = last + 1
        while True:
            result = self._searcher.search(query, asked)
            ranked = result.hits
            # Hits that tie with the last one of the page may belong before it.
            if len(ranked) < asked or ranked[-1][0] < ranked[last - 1][0]:
                break
            asked *= 8
        page: list[_Place] = []
        begin = 0
        for _, tied in groupby(ranked, key=itemgetter(0)):
            places = list(tied)
            end = begin + len(places)
            if max(begin, first) < min(end, last):
                wanted = slice(max(0, first - begin), last - begin)
                page += self._in_order(places, wanted) if len(places) > 1 else places
            begin = end
        return _total(result), page

    def _in_order(self, places: list[_Place], wanted: slice) -> list[_Place]:
        """Of *places* of one score, in the order of date, then id, those *wanted*."""
        moments = self._searcher.fast_field_values("newest", [address for _, address in places])
        dated = sorted(zip(moments, places, strict=True), key=itemgetter(0))
        ordered: list[_Place] = []
        begin = 0
        for _, tied in groupby(dated, key=itemgetter(0)):
            alike = [place for _, place in tied]
            end = begin + len(alike)
            if max(begin, wanted.start) < min(end, wanted.stop):  # an id has to be read
                if len(alike) > 1:
                    alike.sort(key=lambda place: self._id(place[1]))
                ordered += alike[max(0, wanted.start - begin) : wanted.stop - begin]
            begin = end
        return ordered

    def _id(self, address: _Address) -> str:
        return stored(self._searcher, address).id

    # -- facets ----------------------------------------------------------------------------------

    def _count(
        self, name: str, found: tantivy.Query, chosen: dict[str, tantivy.Query]
    ) -> tuple[Bucket, ...]:
        """The values of a facet, counted among what is *found* under the other filters chosen."""
        others = [query for other, query in chosen.items() if other != name]
        size = {"size": MOST_BUCKETS, "segment_size": MOST_BUCKETS}
        # One facet at a time: the limit is for all that is asked at once.
        asked = {name: {"terms": {"field": f"{name}_value", **size}}}
        counted = self._searcher.aggregate(all_of([found, *others]), asked)[name]["buckets"]
        buckets = [Bucket(bucket["key"], int(bucket["doc_count"])) for bucket in counted]
        return tuple(sorted(buckets, key=lambda bucket: (-bucket.count, bucket.value)))
