"""The contract of `engines/base.py`, number by number.

The tests that take `new_store` are about writing: they run on the engines that have a Store with
a Writer. A MemoryStore has none; it is given its articles whole.
"""

import datetime as dt
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import pytest
from stores import again, opening

from searchsvc.article import Article
from searchsvc.engines import base
from searchsvc.engines.base import Bucket, Engine, SearchRequest, Sort, Store
from searchsvc.engines.memory import MemoryStore
from searchsvc.errors import IndexLocked, IndexOutdated
from searchsvc.query.tree import (
    All,
    And,
    AnyOf,
    Boost,
    Days,
    Exact,
    Not,
    Nothing,
    Or,
    Query,
    Stem,
)
from searchsvc.schema import DEFAULT_FIELDS, FACET_FIELDS, TEXT_FIELDS
from searchsvc.store import DirectoryStore

Opener = Callable[[Iterable[Article]], Engine]

OIL = Article(id="oil", title="Oil prices", body="Oil fell.", date=dt.date(1987, 3, 1))
GAS = Article(id="gas", title="Gas prices", body="Gas rose.", date=dt.date(1987, 3, 2))


def ids(engine: Engine, query: Query | None = None, **asked: Any) -> list[str]:
    request = SearchRequest(**{"query": query or All(), "limit": 1000, **asked})
    return [hit.article.id for hit in engine.search(request).hits]


def stem(text: str, *fields: str) -> Stem:
    return Stem(text, fields or DEFAULT_FIELDS)


def write(store: Store, *articles: Article, fresh: bool = False) -> None:
    with store.write(fresh=fresh) as draft:
        for article in articles:
            draft.add(article)


def test_each_number_of_the_contract_has_its_test() -> None:
    numbers = re.findall(r"^ ?(\d+)\. ", base.__doc__ or "", re.MULTILINE)
    tested = {match[1] for name in globals() if (match := re.match(r"test_(\d+)_", name))}
    assert tested == set(numbers)


# -- what every engine answers -----------------------------------------------------------------


def test_1_an_article_comes_back_equal(open_engine: Opener, articles: tuple[Article, ...]) -> None:
    whole = Article(
        id="A.b-c_1",
        title="  Ünïcode \u0000\u2028 <b>\ud83d</b> 🛢 ",
        body="One.\n\nTwo.\t\x1f" * 1000,
        date=dt.datetime(1987, 3, 1, 23, 59, 59, 999999, dt.timezone(-dt.timedelta(hours=3.5))),
        source="Søurce, with, commas",
        author="A",
        section="B",
        dateline="C, March 1",
        people=("O'Neill", "O'Neill", ""),
        places=("a,b", "c|d", "x" * 500),
        topics=("t\n",),
        url="https://news.example/ä?b=c#d",
    )
    early = Article(id="early", date=dt.date(1, 1, 1), title="First day")
    late = Article(id="late", date=dt.date(9999, 12, 31), title="Last day")
    written = [*articles, whole, early, late, Article(id="empty")]
    engine = open_engine(written)
    for article in written:
        assert engine.get(article.id) == article
    found = engine.search(SearchRequest(query=All(), limit=1000)).hits
    assert {hit.article.id: hit.article for hit in found} == {a.id: a for a in written}
    assert engine.get("nobody") is None
    assert engine.count() == len(written)


TREES = [
    All(),
    Nothing(),
    stem("oil"),
    stem("oil", *TEXT_FIELDS),
    stem("no-such-stem"),
    stem(""),
    stem("x" * 200),
    stem("\ud83d"),
    Exact(("oil",), 0, DEFAULT_FIELDS),
    Exact(("oil", "zebra"), 0, DEFAULT_FIELDS),
    Exact(("oil",) * 100, 0, DEFAULT_FIELDS),
    Exact(("oil",) * 100, 100, DEFAULT_FIELDS),
    Exact(("oil", "prices"), 100, ("title",)),
    AnyOf(frozenset(), DEFAULT_FIELDS),
    AnyOf(frozenset({"oil", "", "zebra", "\U0010ffff"}), ("body",)),
    AnyOf(frozenset(f"w{number}" for number in range(1000)), DEFAULT_FIELDS),
    Days(dt.date.min, dt.date.max),
    Days(None, dt.date.min),
    Days(dt.date.max, None),
    Days(dt.date(1988, 1, 1), dt.date(1987, 1, 1)),
    And((stem("oil"),)),
    Or((stem("oil"),)),
    And((Not(stem("oil")), Not(stem("gas")))),
    Or((Not(stem("oil")), Not(All()))),
    Not(Not(Not(Nothing()))),
    Boost(Not(stem("oil")), 10.0),
    Boost(Boost(Boost(stem("oil"), 10.0), 10.0), 1e-9),
    And(tuple(stem(f"w{number}") for number in range(100))),
    Or(tuple(stem(f"w{number}") for number in range(100))),
]


def test_5_a_resolved_tree_never_raises(open_engine: Opener) -> None:
    for engine in (open_engine([]), open_engine([OIL, GAS]), open_engine([Article(id="empty")])):
        for tree in TREES:
            for sort in Sort:
                engine.search(SearchRequest(query=tree, sort=sort, facets=FACET_FIELDS))


def test_5_nor_does_a_request_for_nothing(open_engine: Opener) -> None:
    engine = open_engine([OIL, GAS])
    for asked in (
        {"limit": 0},
        {"offset": 10**9},
        {"offset": 1, "limit": 10**9},
        {"filters": {"people": ()}},
        {"filters": {"people": ("nobody",), "year": ("not a year",)}},
        {"since": dt.date.max, "until": dt.date.min},
        {"seconds": 1e9},
    ):
        engine.search(SearchRequest(query=All(), facets=FACET_FIELDS, **asked))  # type: ignore


def test_6_the_total_is_exact_and_not_is_the_complement(
    archive: Engine, articles: tuple[Article, ...]
) -> None:
    everything = {article.id for article in articles}
    assert set(ids(archive)) == everything
    for tree in TREES:
        found = archive.search(SearchRequest(query=tree, limit=1000))
        others = archive.search(SearchRequest(query=Not(tree), limit=1000))
        assert found.total == len(found.hits)
        assert found.total + others.total == len(everything)
        assert {hit.article.id for hit in found.hits + others.hits} == everything
        assert archive.search(SearchRequest(query=tree, limit=0)).total == found.total


def test_7_order_is_by_relevance_then_newest_then_id(open_engine: Opener) -> None:
    same = "Oil fell by a third."
    dates = {"b": dt.date(1987, 3, 1), "a": dt.date(1987, 3, 1), "c": dt.date(1987, 3, 2)}
    written = [Article(id=id, body=same, date=date) for id, date in dates.items()]
    written += [Article(id="e", body=same), Article(id="d", body=same)]
    written += [Article(id="t", title="Oil fell", body=same)]
    engine = open_engine(written)
    assert ids(engine, stem("oil")) == ["t", "c", "a", "b", "d", "e"]
    assert ids(engine, sort=Sort.NEWEST) == ["c", "a", "b", "d", "e", "t"]
    assert ids(engine, sort=Sort.OLDEST) == ["a", "b", "c", "d", "e", "t"]
    assert ids(engine) == ["c", "a", "b", "d", "e", "t"]


def test_7_moments_of_all_time_zones_are_put_in_order(open_engine: Opener) -> None:
    def at(id: str, hour: int, offset: int) -> Article:
        zone = dt.timezone(dt.timedelta(hours=offset))
        return Article(id=id, date=dt.datetime(1987, 3, 1, hour, tzinfo=zone))

    written = [at("noon-utc", 12, 0), at("noon-tokyo", 12, 9), at("noon-boston", 12, -5)]
    written += [Article(id="day", date=dt.date(1987, 3, 1))]
    written += [Article(id="before-1970", date=dt.date(1815, 6, 18))]
    engine = open_engine(written)
    expected = ["before-1970", "day", "noon-tokyo", "noon-utc", "noon-boston"]
    assert ids(engine, sort=Sort.OLDEST) == expected
    assert ids(engine, sort=Sort.NEWEST) == expected[::-1]


@pytest.mark.parametrize("sort", list(Sort))
def test_7_scores_fall_from_hit_to_hit(archive: Engine, sort: Sort) -> None:
    query = Or((stem("oil"), stem("gas"), stem("price")))
    hits = archive.search(SearchRequest(query=query, sort=sort, limit=100)).hits
    assert len(hits) > 4
    if sort is Sort.RELEVANCE:
        assert all(one.score >= next.score > 0 for one, next in pairwise(hits))


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("size", [1, 2, 7, 47, 48, 49])
def test_8_pages_do_not_overlap_and_are_all_hits(archive: Engine, size: int, sort: Sort) -> None:
    for query in (All(), stem("the", "body"), Not(stem("oil"))):
        whole = ids(archive, query, sort=sort)
        pages = [
            ids(archive, query, sort=sort, offset=offset, limit=size)
            for offset in range(0, len(whole) + size, size)
        ]
        assert [id for page in pages for id in page] == whole


def test_9_facets_count_all_hits_most_frequent_first_then_by_value(open_engine: Opener) -> None:
    places = [("usa",), ("uk", "usa"), ("USA", "uk"), ("Ägypten",), ("usa", "usa"), ()]
    engine = open_engine(Article(id=str(n), places=names) for n, names in enumerate(places))
    found = engine.search(SearchRequest(query=All(), limit=1, facets=("places", "people")))
    counts = [("usa", 3), ("uk", 2), ("USA", 1), ("Ägypten", 1)]
    assert found.facets["places"] == tuple(Bucket(*count) for count in counts)
    assert found.facets["people"] == ()
    assert set(found.facets) == {"places", "people"}


def test_9_a_facet_leaves_out_its_own_filter_only(archive: Engine) -> None:
    def count(**filters: tuple[str, ...]) -> dict[str, dict[str, int]]:
        request = SearchRequest(query=All(), filters=filters, facets=FACET_FIELDS)
        facets = archive.search(request).facets
        return {name: {b.value: b.count for b in facets[name]} for name in facets}

    alone, chosen = count(), count(places=("usa",))
    assert chosen["places"] == alone["places"]
    assert chosen["source"]["Harbour Wire"] < alone["source"]["Harbour Wire"]
    for field in FACET_FIELDS:
        for value, shown in alone[field].items():
            request = SearchRequest(query=All(), filters={field: (value,)}, limit=0)
            assert archive.search(request).total == shown


def test_many_threads_share_an_engine(archive: Engine) -> None:
    queries = [stem("oil"), stem("price"), Exact(("interest", "rate"), 0, ("body",)), All()]
    expected = [ids(archive, query) for query in queries]
    wrong: list[object] = []

    def look() -> None:
        try:
            for query, right in list(zip(queries, expected, strict=True)) * 25:
                if ids(archive, query) != right:
                    wrong.append(query)
        except Exception as error:  # anything at all, in a thread of its own
            wrong.append(error)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# -- what every store that writes does ---------------------------------------------------------


def test_memory_has_no_writer() -> None:
    assert not hasattr(MemoryStore, "write")


def test_2_delete_removes_what_is_there_and_else_does_nothing(
    new_store: Callable[[], Store],
) -> None:
    store = new_store()
    write(store, OIL, GAS)
    with store.write() as draft:
        draft.delete("oil")
        draft.delete("nobody")
        draft.delete("oil")
    engine = store.current().engine
    assert ids(engine) == ["gas"]
    assert engine.get("oil") is None
    assert engine.count() == 1
    assert ids(engine, stem("oil")) == []
    assert ids(engine, Not(stem("gas"))) == []
    assert {word for word, _ in engine.terms("body", "")} >= {"gas", "rose"}


def test_2_an_id_that_was_deleted_may_come_again(new_store: Callable[[], Store]) -> None:
    store = new_store()
    write(store, OIL, GAS)
    again = Article(id="oil", title="Gold")
    with store.write() as draft:
        draft.delete("oil")
        draft.add(again)
    with store.write() as draft:
        draft.delete("oil")
        draft.add(OIL)
        draft.delete("oil")
        draft.add(again)
    engine = store.current().engine
    assert engine.get("oil") == again
    assert sorted(ids(engine)) == ["gas", "oil"]
    assert ids(engine, stem("oil")) == []
    assert ids(engine, stem("gold")) == ["oil"]


def test_3_nothing_is_visible_before_the_write_ends_then_all_of_it_is(
    new_store: Callable[[], Store],
) -> None:
    store = new_store()
    write(store, OIL)
    with store.write() as draft:
        draft.delete("oil")
        for number in range(50):
            draft.add(Article(id=f"a{number}"))
            assert ids(store.current().engine) == ["oil"]
    assert len(ids(store.current().engine)) == 50


def test_3_a_fresh_write_begins_empty(new_store: Callable[[], Store]) -> None:
    store = new_store()
    write(store, OIL)
    write(store, GAS, fresh=True)
    assert ids(store.current().engine) == ["gas"]


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
def test_4_an_exception_inside_a_write_leaves_the_index_as_it_was(
    new_store: Callable[[], Store], exception: type[BaseException], fresh: bool
) -> None:
    store = new_store()
    write(store, OIL)
    before = store.current().name

    def fail() -> None:
        with store.write(fresh=fresh) as draft:
            draft.delete("oil")
            draft.add(GAS)
            raise exception

    with pytest.raises(exception):
        fail()
    assert store.current().name == before
    assert ids(store.current().engine) == ["oil"]
    write(store, GAS)
    assert ids(store.current().engine) == ["gas", "oil"]


def test_10_an_engine_that_is_open_does_not_see_later_writes(
    new_store: Callable[[], Store],
) -> None:
    store = new_store()
    write(store, OIL)
    engine = store.current().engine
    for _ in range(5):  # more generations than are kept
        with store.write() as draft:
            draft.delete("oil")
            draft.delete("gas")
            draft.add(GAS)
    write(store, Article(id="new"), fresh=True)
    assert ids(engine) == ["oil"]
    assert ids(engine, stem("oil")) == ["oil"]
    assert engine.get("oil") == OIL
    assert engine.get("gas") is None
    assert list(engine.terms("title", "")) == [("oil", 1), ("prices", 1)]


def test_10_nor_does_one_of_memory() -> None:
    store = MemoryStore([OIL])
    engine = store.current().engine
    store.replace([GAS])
    assert ids(engine) == ["oil"]
    assert ids(store.current().engine) == ["gas"]


def test_11_a_second_writer_fails_at_once(new_store: Callable[[], Store]) -> None:
    store = new_store()
    with store.write() as draft:
        draft.add(OIL)
        with pytest.raises(IndexLocked), store.write():  # one that waited would wait for ever
            pytest.fail("two writers")
    write(store, GAS)
    assert ids(store.current().engine) == ["gas", "oil"]


def test_11_also_one_in_another_process(new_store: Callable[[], Store]) -> None:
    store: Any = new_store()
    script = f"""
import sys
from searchsvc.errors import IndexLocked
{opening(store)}
try:
    with store.write():
        sys.exit("two writers")
except IndexLocked as error:
    print(error)
"""
    with store.write() as draft:
        draft.add(OIL)
        run = [sys.executable, "-c", script]
        second = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert second.stderr == ""
    assert f"process {os.getpid()}" in second.stdout
    assert ids(store.current().engine) == ["oil"]


@pytest.mark.parametrize("version", ["ANALYSIS_VERSION", "SCHEMA_VERSION"])
def test_12_an_index_of_another_version_is_refused(
    new_store: Callable[[], Store], monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    store: Any = new_store()
    write(store, OIL)
    later = again(store)
    for module in ("searchsvc.store", "searchsvc.cluster.indices"):
        monkeypatch.setattr(f"{module}.{version}", "another")
    with pytest.raises(IndexOutdated, match="searchsvc reindex"):
        later.current()
    write(later, GAS, fresh=True)
    assert ids(later.current().engine) == ["gas"]
    monkeypatch.undo()
    with pytest.raises(IndexOutdated):
        again(store).current()


def test_12_an_index_of_another_engine_is_refused(
    new_store: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = new_store()
    write(store, OIL)
    later = again(store)
    if isinstance(later, DirectoryStore):
        monkeypatch.setattr(later._format, "NAME", "another")
    else:
        monkeypatch.setattr("searchsvc.cluster.indices.ENGINE_VERSION", "another")
    with pytest.raises(IndexOutdated, match="another"):
        later.current()
